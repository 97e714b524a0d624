#!/bin/sh
# hooks_live.sh - a payload that runs with the same root as a hook works on gets nothing out of that.
# TAP; needs root.
#
# The payload watches for what the hook makes in the root, and puts its own program or a link in its
# place. The program, run outside of a container, writes into `outside` by /proc/1/root.

# shellcheck source=tests/integration/hooks_lab.sh
. "$(dirname -- "$0")/hooks_lab.sh"

ctr_needed
: "${CTR_SWAP:=$hooks/../build/tests/integration/swap}"

# Start ./root with a payload that swaps what it sees for WHAT (see swap.c). Its run is not to be found,
# so that no hook refuses the root.
payload_start() # WHAT
{
	"$hooks/busybox" root
	cp "$CTR_SWAP" root/swapper
	cat >root/evil <<-END
		#!/bin/busybox sh
		/bin/busybox mount -t proc proc /proc
		/bin/busybox touch /proc/1/root$here/outside/owned
	END
	chmod 755 root/evil
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount sh -euc 'mount -t tmpfs tmpfs /run; exec "$@"' sh \
		"$CTR_SETUP" --no-tty --lower none root -- /swapper "$1" >payload 2>&1 </dev/null &
	payload=$!
	until [ -e root/ready ]; do
		kill -0 "$payload" || { cat payload; exit 1; }
	done
}

payload_end()
{
	kill -TERM "$payload"
	wait "$payload" || :
}

# Whether the hook succeeds under attack is not the question.
attacked() # WHAT HOOK [ARG...]
{
	payload_start "$1"
	shift
	for _ in 1 2 3; do
		"$@" </dev/null || :
	done
	payload_end
	[ ! -e outside/owned ]
	[ "$(cat outside/file)" = prey ]
}

tarball()
{
	mkdir -p image/etc
	echo text >image/etc/text
	tar -C image -cf image.tar .
}

unpack_runs_no_program()
{
	tarball
	attacked /evil "$hooks/unpack" image.tar root
}

unpack_writes_through_no_link()
{
	tarball
	attacked "$here/outside/file" "$hooks/unpack" image.tar root
}

embed_runs_no_program()
{
	attacked /evil "$hooks/embed-init" root
}

embed_writes_through_no_link()
{
	attacked "$here/outside/file" "$hooks/embed-init" root
}

busybox_runs_no_program()
{
	# shellcheck disable=SC2016 # the inner shell's
	attacked /evil sh -euc 'rm -f root/bin/vi root/etc/hosts; exec "$0/busybox" root' "$hooks"
}

resolv_conf_writes_through_no_link()
{
	echo 'nameserver 192.0.2.1' >host
	# shellcheck disable=SC2016 # the inner shell's
	attacked "$here/outside/file" unshare --mount sh -euc '
		rm -f root/etc/resolv.conf
		mount --bind host /etc/resolv.conf
		exec "$0/resolv-conf" root' "$hooks"
}

# The run prey is in ./root until its stdin ends.
prey()
{
	mkfifo hold
	"$CTR_SETUP" --no-tty --name prey root -- /bin/busybox sh -c ': >/ready; read -r _ || :' \
		<hold >payload 2>&1 &
	payload=$!
	exec 8>hold
	until [ -e root/ready ] || [ -e upper/ready ]; do
		kill -0 "$payload" || { cat payload; exit 1; }
	done
}

refuses_prey_s() # HOOK [ARG...]
{
	status 1 "$@"
	says "in use by the run prey: end it first (ctr-setup stop prey)"
}

all_refuse_a_root_in_use()
{
	tarball
	"$hooks/busybox" root
	prey
	content root >tree
	refuses_prey_s "$hooks/busybox" root
	refuses_prey_s "$hooks/unpack" image.tar root
	refuses_prey_s "$hooks/resolv-conf" root
	refuses_prey_s "$hooks/embed-init" root
	refuses_prey_s "$hooks/debian" root
	refuses_prey_s "$hooks/initramfs" root file
	refuses_prey_s "$hooks/disk-image" root file 32M
	status 125 "$CTR_SETUP" --no-tty --lower none root -- /bin/busybox true
	says "the run prey uses it"
	content root | diff -u tree -
	[ ! -e file ]
	exec 8>&-
	wait "$payload"
	status 0 "$hooks/embed-init" root
}

all_refuse_a_layer_in_use()
{
	"$hooks/busybox" lower
	prey
	refuses_prey_s "$hooks/embed-init" root
	refuses_prey_s "$hooks/embed-init" lower
	refuses_prey_s "$hooks/embed-init" upper
	exec 8>&-
	wait "$payload"
}

a_run_s_own_hook_is_let_in()
{
	"$hooks/busybox" root
	status 0 "$CTR_SETUP" --no-tty --name prey --lower none --hook "$hooks/embed-init" root -- \
		/bin/busybox test -x /sbin/ctr-init
	"$hooks/busybox" lower
	status 0 "$CTR_SETUP" --no-tty --name prey --hook "$hooks/embed-init" root -- \
		/bin/busybox test -x /sbin/ctr-init
}

ok unpack_runs_no_program "unpack: a payload that swaps programs runs none outside"
ok unpack_writes_through_no_link "unpack: a payload that swaps links has nothing written outside"
ok embed_runs_no_program "embed-init: a payload that swaps programs runs none outside"
ok embed_writes_through_no_link "embed-init: a payload that swaps links has nothing written outside"
ok busybox_runs_no_program "busybox: a payload that swaps programs runs none outside"
ok resolv_conf_writes_through_no_link "resolv-conf: a payload that swaps links has nothing written outside"
ok all_refuse_a_root_in_use "all: a root that a run uses is refused, with the run's name"
ok all_refuse_a_layer_in_use "all: so is one whose layers are in use, and so are these"
ok a_run_s_own_hook_is_let_in "embed-init: a run's own hook is let in, on a directory and on an overlay"

finish
