# shellcheck shell=sh
# jail.sh - change a root file system that nobody trusts; sourced by the hooks, which set $me.
#
# A path inside ROOTFS cannot be walked from outside: ROOTFS/bin may be a symlink to the host's
# /bin, and any check of that can be outrun. So the work is done by a static busybox whose root
# *is* ROOTFS: whatever a symlink, a hard link or `..` says, the kernel ends the walk at ROOTFS.
#
# - The root is a bind mount of ROOTFS without what is mounted beneath it, in a mount namespace
#   of its own: a host's /dev bound on ROOTFS/dev is out of reach too, and nothing stays mounted.
# - Inside, only our own busybox runs, by its full name, without environment and with LC_ALL=C: a
#   static glibc would load locale, charset and NSS modules, that is code, from ROOTFS.
#   For the same reason nobody may ask it for user names (tar: --numeric-owner).
#
# Before: nothing. After jail_open: $root, and $jail, a private directory in it that holds busybox.
# At exit $jail is gone; what a killed run left is removed by the next one.

umask 022
: "${me:?}"
made=''

die()
{
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

busybox_find()
{
	for busybox in "${BUSYBOX:-/bin/busybox}" /usr/bin/busybox "$(command -v busybox || :)"; do
		[ ! -f "$busybox" ] || return 0
		[ -z "${BUSYBOX-}" ] || die "\$BUSYBOX: '$BUSYBOX' is not a file"
	done
	die "no busybox here: install the package busybox-static, or set \$BUSYBOX"
}

jail_close()
{
	[ -z "$jail" ] || rm -rf -- "$jail"
	[ -z "$made" ] || rmdir -- "$made" 2>/dev/null || :
}

# jail_open ROOTFS: makes ROOTFS when it is missing (and unmakes it when nothing came of it).
jail_open()
{
	[ "$(id -u)" = 0 ] || die "must be run as root"
	busybox_find
	trap jail_close EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	if [ ! -d "$1" ]; then
		mkdir -- "$1" || die "cannot make the directory '$1'"
		made=$1
	fi
	root=$(realpath -e -- "$1")
	[ "$root" != / ] || die "'$1' is the running system's own root"
	exec 9<"$root"
	flock 9
	rm -rf -- "$root"/.ctr-jail.*
	jail=$(mktemp -d -- "$root/.ctr-jail.XXXXXX")
	cp -- "$busybox" "$jail/busybox"
	chmod 0755 "$jail/busybox"
	# Nothing but busybox is there, so a dynamic one finds no loader: no need to read ELF.
	chroot "$jail" /busybox true 2>/dev/null ||
		die "'$busybox' is no static busybox: install the package busybox-static, or set \$BUSYBOX"
}

# jail_run APPLET [ARG...]: run it with ROOTFS as its root. It shares the lock: should we be killed and
# it live on, the next run waits for it.
jail_run()
{
	# shellcheck disable=SC2016 # $0 and $@ are the inner shell's
	env -i PATH="$PATH" LC_ALL=C unshare --mount sh -c \
		'mount --bind -- "$0" "$0" && exec chroot "$0" "$@"' \
		"$root" "/${jail##*/}/busybox" "$@"
}
