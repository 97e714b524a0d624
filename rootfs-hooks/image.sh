# shellcheck shell=sh
# image.sh - make one file of a root file system that nobody trusts; sourced by the hooks, after
# jail.sh.
#
# What packs a tree opens a path again and again, and one that a container has in use may change
# meanwhile: a directory becomes a symlink to the host's /etc, and the image has the host's secrets.
# So a private copy is made first, and packed when nobody else can change it.
#
# - The copy is made by cp(1) through two bind mounts with `nosymfollow`, in a mount namespace of its
#   own: on these the kernel follows no symlink, whoever puts it where and when. cp(1) keeps owners,
#   modes, times, links, device nodes and extended attributes.
# - ROOTFS itself, often a directory of mktemp(1), becomes a / that is root's, mode 0755.
# - What is mounted beneath ROOTFS is not copied, but what is under it. ROOTFS is never written.
# - Copy and image are made in a directory beside FILE, so that FILE appears whole, by rename(2).
#
# Not root: everything is done in a user namespace where the caller is root. The caller's files become
# root's. Files of others cannot be copied there, nor device nodes: that is an error.
#
# Before: nothing. After image_open: $copy, and $new, a name for the image, both in $work, which is in
# $folder, where FILE is to be. At exit $work is gone; what a killed run left is removed by the next one
# for the same FILE.

: "${me:?}"
work=''

need() # PROGRAM PACKAGE
{
	command -v "$1" >/dev/null || die "needs the program $1: install $2"
}

# Run the hook anew, with the same arguments, as root of a user namespace.
image_root() # ROOTFS [ARG...]
{
	root_is_free "$1"
	[ "$(id -u)" != 0 ] || return 0
	unshare --map-root-user true 2>/dev/null ||
		die "must be run as root: this host gives no user namespace"
	exec unshare --map-root-user -- "$0" "$@"
}

image_close()
{
	[ -z "$work" ] || rm -rf -- "$work"
}

# Set $root, $folder and $name; see that FILE can be what is made.
image_names() # ROOTFS FILE
{
	[ -d "$1" ] || die "there is no directory '$1'"
	root=$(realpath -e -- "$1")
	[ "$root" != / ] || die "'$1' is the running system's own root"
	name=$(basename -- "$2")
	[ ! -e "$2" ] || [ -f "$2" ] || die "'$2' is there, and is not a file"
	folder=$(realpath -e -- "$(dirname -- "$2")" 2>/dev/null) || die "there is no directory for '$2'"
	case $folder/ in
	"$root"/*) die "'$2' is inside '$1', which is not to change" ;;
	esac
}

# The lock tells what a killed run left from what another run is making.
image_work()
{
	for old in "$folder/.ctr-image.$name".??????; do
		[ ! -d "$old" ] || [ -L "$old" ] || [ "$(stat -c %u -- "$old")" != "$(id -u)" ] ||
			flock -n -- "$old" rm -rf -- "$old" || :
	done
	work=$(mktemp -d -- "$folder/.ctr-image.$name.XXXXXX") || die "cannot write in '$folder'"
	exec 9<"$work"
	flock 9
}

# shellcheck disable=SC2016 # $1 and its like are the inner shell's
image_copy()
{
	mkdir "$work/copy" "$work/from" "$work/to"
	ln -s . "$work/copy/link"
	unshare --mount sh -euc '
		mount --bind -o ro,nosymfollow -- "$1" "$2/from"
		mount --bind -o nosymfollow -- "$2/copy" "$2/to"
		if [ -e "$2/to/link" ]; then
			echo "this host has no mounts with nosymfollow: needs Linux 5.10, util-linux 2.38" >&2
			exit 1
		fi
		rm -- "$2/to/link"
		exec cp -a -- "$2/from/." "$2/to"' sh "$root" "$work" || return
	chown 0:0 -- "$work/copy"
	chmod 0755 -- "$work/copy"
}

image_open() # ROOTFS FILE
{
	image_names "$1" "$2"
	trap image_close EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	image_work
	image_copy || die "cannot copy '$1' to make '$2' of it"
	# shellcheck disable=SC2034 # the hook's
	copy=$work/copy new=$work/new
}

# FILE shows what ROOTFS hides, as its etc/shadow: it is for its owner alone.
image_done()
{
	chmod 0600 -- "$new"
	mv -fT -- "$new" "$folder/$name"
}
