# shellcheck shell=sh
# jail.sh - change a root file system that nobody trusts; sourced by the hooks, which set $me.
#
# Any name in ROOTFS may be a link to the host's files, and a container that runs with ROOTFS as its
# root may change each name at any time. So no hook runs or writes anything there from outside: a
# static busybox does it in a container of ours, made by ctr-setup. Whatever ROOTFS does to it, it
# gains no more than a payload has.
#
# - busybox is bound into the container's own /run, where no other container can replace it. What
#   ROOTFS has in /dev, /proc, /run and /sys is covered, as in every container.
# - The container has ROOTFS without what is mounted beneath it, unless the caller is not root.
# - Only busybox runs there, by its full name $0, and without user names (tar: --numeric-owner): a
#   static glibc would load NSS modules, that is code, from ROOTFS.
#
# A root that nobody else can change needs less, and gets chroot(8). That is so for the private copy
# of an image (see image.sh), and for a --hook in a user namespace, where no container can be made,
# if its root is the overlay whose upper layer that run has locked.
#
# Before: nothing. After jail_open: $root, and $tmp, a private directory outside of ROOTFS, which is
# gone at exit.

umask 022
: "${me:?}"
here=$(dirname -- "$(readlink -f -- "$0")")
PATH=$PATH:/usr/sbin:/sbin
made='' tmp='' jail=''

die()
{
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

# die, behind the last of what was said inside: names in it are ROOTFS's, or a tarball's.
die_inside()
{
	LC_ALL=C tr -c '\11\12\40-\176' '?' <"$tmp/said" | tail -n 5 >&2
	die "$@"
}

busybox_find()
{
	for busybox in "${BUSYBOX:-/bin/busybox}" /usr/bin/busybox "$(command -v busybox || :)"; do
		[ ! -f "$busybox" ] || return 0
		[ -z "${BUSYBOX-}" ] || die "\$BUSYBOX: '$BUSYBOX' is not a file"
	done
	die "no busybox here: install the package busybox-static, or set \$BUSYBOX"
}

# The N bytes of FILE at OFFSET, as a number.
elf_number() # FILE OFFSET N
{
	od -An -v --endian=little -t "u$3" -j "$2" -N "$3" -- "$1" 2>/dev/null | tr -d ' '
}

# Print what FILE is, by elf(5): static, that is a program for 64 bits, whole, with segments to load
# (type 1), but without an interpreter (3) or work for one (2), which would be the root's own; else
# dynamic, damaged or other. A line of od is a program header.
elf_kind() # FILE
{
	case $(od -An -v -t x1 -N 6 -- "$1" | tr -d ' ')/$(elf_number "$1" 16 2) in
	7f454c460201/[23]) ;;
	*)
		echo other
		return
		;;
	esac
	count=$(elf_number "$1" 56 2)
	od -An -v --endian=little -t u4 -w56 -j "$(elf_number "$1" 32 8)" -N "$((count * 56))" \
		-- "$1" 2>/dev/null | awk -v size="$(stat -L -c %s -- "$1")" -v count="$count" '
		$1 == 2 || $1 == 3 { dynamic = 1 }
		$1 == 1 { loads = 1 }
		NF < 14 || $3 + $9 + ($4 + $10) * 4294967296 > size { cut = 1 }
		END { print (cut || !loads || (NR < count) ? "damaged" : (dynamic ? "dynamic" : "static")) }'
}

ctr_is_there()
{
	for ctr in "${CTR_SETUP:-$here/../build/ctr-setup}" "$here/../../../sbin/ctr-setup" \
		"$(command -v ctr-setup || :)"; do
		[ ! -f "$ctr" ] || return 0
		[ -z "${CTR_SETUP-}" ] || die "\$CTR_SETUP: '$CTR_SETUP' is not a file"
	done
	return 1
}

# Die when a living run has ROOT as its root or in it, other than the one that this is a --hook of: what
# a hook writes or copies would be torn. Not a matter of safety: runs of others are not found.
root_is_free() # ROOT
{
	! ctr_is_there || [ ! -d "$1" ] || name=$("$ctr" ls "$1" 2>/dev/null | sed -n '2s/ .*//p')
	[ -z "${name-}" ] || die "'$1' is in use by the run $name: end it first (ctr-setup stop $name)"
}

jail_close()
{
	[ -z "$tmp" ] || rm -rf -- "$tmp"
	[ -z "$jail" ] || rm -rf -- "$jail"
	[ -z "$made" ] || rmdir -- "$made" 2>/dev/null || :
}

# A --hook is the first process of a pid namespace.
is_in_userns()
{
	[ $$ = 1 ] && ! grep -q ' 4294967295$' /proc/self/uid_map
}

nobody_else_changes() # ROOT
{
	[ "${CTR_ROOT_IS_COPY-}" != 1 ] || return 0
	is_in_userns && [ "$(stat -f -c %t -- "$1")" = 794c7630 ]
}

# jail_open ROOTFS: makes ROOTFS when it is missing (and unmakes it when nothing came of it).
jail_open()
{
	busybox_find
	busybox=$(realpath -e -- "$busybox")
	[ "$(elf_kind "$busybox")" = static ] ||
		die "'$busybox' is no static busybox: install the package busybox-static, or set \$BUSYBOX"
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
	root_is_free "$root"
	exec 9<"$root"
	flock -w 60 9 || die "'$1' is in use: something else has locked it for a minute"
	tmp=${TMPDIR:-/var/tmp}
	[ -d "$tmp" ] || tmp=/tmp
	tmp=$(mktemp -d -- "$tmp/ctr-$me.XXXXXX")
	mkdir -- "$tmp/empty"
	if nobody_else_changes "$root"; then
		rm -rf -- "$root"/.ctr-jail.*
		jail=$(mktemp -d -- "$root/.ctr-jail.XXXXXX")
		cp -- "$busybox" "$jail/busybox"
		chmod 0755 "$jail/busybox"
	else
		! is_in_userns || die "needs layers, as a --hook in a user namespace:" \
			"run it by hand on '$1' instead, or give --lower"
		ctr_is_there || die "no ctr-setup here: build it, as by ./run build, or set \$CTR_SETUP"
	fi
}

# jail_run APPLET [ARG...]: run it with $root as its root. What it says on stderr is in $tmp/said.
# shellcheck disable=SC2016 # $0, $1 and $@ are the inner shells'
jail_run()
{
	if [ -n "$jail" ]; then
		env -i PATH="$PATH" LC_ALL=C unshare --mount sh -c \
			'mount --bind -- "$0" "$0" && exec chroot "$0" "$@"' \
			"$root" "/${jail##*/}/busybox" "$@" 2>"$tmp/said"
		return
	fi
	set -- "$ctr" --net none --no-tty --lower none --bind "$busybox:/run/ctr/busybox:ro" \
		"$root" -- /run/ctr/busybox "$@"
	[ "$(id -u)" != 0 ] || set -- unshare --mount sh -c \
		'mount --bind -- "$0" "$0" && exec "$@"' "$root" "$@"
	"$@" 2>"$tmp/said"
}

# jail_sh SCRIPT [ARG...]: in SCRIPT only shell builtins and "$0", busybox, may be used: any other
# name would run ROOTFS's program. The directory of $0 is private, but not on ROOTFS's file system.
jail_sh()
{
	script=$1 inside=/run/ctr/busybox
	shift
	[ -z "$jail" ] || inside=/${jail##*/}/busybox
	jail_run sh -euc "$script" "$inside" "$@"
}
