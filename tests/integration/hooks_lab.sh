# shellcheck shell=sh
# hooks_lab.sh - what the tests of the rootfs hooks share; sourced by them. Needs root.
#
# Each test is a function that is run in its own empty directory by a subshell with set -e. Beside its
# ROOTFS (root) there is a directory `outside`, the prey: it must be the same after every test.

hooks=$(cd "$(dirname -- "$0")/../../rootfs-hooks" && pwd) || exit 1

skip_all()
{
	echo "1..0 # SKIP $*"
	[ "${CTR_MUST_WORK-0}" != 1 ]
	exit
}

[ "$(id -u)" = 0 ] || skip_all "needs root"
unshare --mount true 2>/dev/null || skip_all "cannot unshare the mount namespace"

# The hooks find what was built beside them; elsewhere, as in a virtual machine, it is told.
ctr_needed()
{
	: "${CTR_SETUP:=$hooks/../build/ctr-setup}" "${CTR_INIT:=$hooks/../build/ctr-init}"
	export CTR_SETUP CTR_INIT
	[ -x "$CTR_SETUP" ] || skip_all "needs ctr-setup: ./run build, or set CTR_SETUP"
}

unset BUSYBOX CTR_TARBALL CTR_SHA256 CTR_MODULES CTR_KERNEL_DIR SOURCE_DATE_EPOCH
umask 022
tmp=$(mktemp -d) || exit 1
trap 'rm -rf -- "$tmp"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

count=0
failed=0

ok() # FUNCTION SENTENCE
{
	count=$((count + 1))
	here=$tmp/$count
	mkdir -p "$here/root" "$here/outside/dir"
	echo prey >"$here/outside/file"
	manifest "$here/outside" >"$here/before"
	grep -qF "./file f 644" "$here/before" || { echo "Bail out! cannot list a tree: needs GNU find"; exit 1; }
	(
		set -eu
		cd "$here"
		"$1"
	) >"$here/log" 2>&1
	rc=$?
	manifest "$here/outside" | diff -u "$here/before" - >>"$here/log" 2>&1 || rc=outside
	if [ "$rc" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$here/log"
		echo "# status: $rc"
		failed=$((failed + 1))
	fi
	rm -rf -- "$here"
}

skip() # SENTENCE WHY
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
	[ "${CTR_MUST_WORK-0}" != 1 ] || failed=$((failed + 1))
}

# Everything of a tree that a hook could change; directories' times too, so that nothing came and went.
manifest()
{
	(
		cd "$1"
		find . -printf '%p %y %m %U:%G %n %T@ %l\n' | LC_ALL=C sort
		find . -type f -exec sha256sum {} + | LC_ALL=C sort
	)
}

# The same less the top directory's time, which the hooks' private directory touches.
content()
{
	manifest "$1" | sed 's/^\(\. d [0-9]* [0-9:]* [0-9]*\) .*/\1/'
}

status() # WANTED COMMAND [ARG...]: keep what it says in ./said
{
	wanted=$1
	shift
	rc=0
	"$@" >said 2>&1 </dev/null || rc=$?
	cat said
	[ "$rc" = "$wanted" ] || { echo "status $rc, not $wanted: $*"; exit 1; }
}

says() # TEXT
{
	grep -F -- "$1" said >/dev/null || { echo "not said: $1"; exit 1; }
}

nothing_left() # no private directory, no mount
{
	[ -z "$(ls -d root/.ctr-jail.* .ctr-image.* 2>/dev/null)" ]
	[ "$(grep -cF "$here/" /proc/self/mountinfo)" = 0 ]
}

# With the host's root read-only to the hook: were it wrong here, the machine would not pay for it.
refuses_the_running_root() # HOOK [ARG...]: the word "slash" among them is a link to /
{
	# shellcheck disable=SC2016 # the inner shell's
	status 1 unshare --mount sh -euc 'mount -o remount,bind,ro /; exec "$0/$@"' "$hooks" "$@"
	says "'slash' is the running system's own root"
}

finish() # the last line of a test
{
	echo "1..$count"
	[ "$failed" -eq 0 ]
}
