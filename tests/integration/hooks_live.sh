#!/bin/sh
# hooks_live.sh - a payload that runs with the same root as a hook works on gets nothing out of that.
# TAP; needs root.
#
# The payload watches for whatever the hook makes in the root, and puts its own program or a link in
# its place. The program, run outside of a container, writes into `outside` by /proc/1/root.

# shellcheck source=tests/integration/hooks_lab.sh
. "$(dirname -- "$0")/hooks_lab.sh"

ctr_needed

# Start ./root with a payload that does ATTACK again and again.
payload_start() # ATTACK
{
	"$hooks/busybox" root
	cat >root/evil <<-END
		#!/bin/busybox sh
		/bin/busybox mount -t proc proc /proc
		/bin/busybox touch /proc/1/root$here/outside/owned
	END
	chmod 755 root/evil
	"$CTR_SETUP" --no-tty --lower none root -- /bin/busybox sh -c "
		swap() { cp /evil /swap && mv -f /swap \"\$1\"; }
		link() { ln -s '$here/outside/file' /swap && mv -f /swap \"\$1\"; }
		: >/ready
		while :; do
			$1
		done" >payload 2>&1 </dev/null &
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
attacked() # ATTACK HOOK [ARG...]
{
	payload_start "$1"
	shift
	for _ in 1 2 3 4 5 6 7 8; do
		"$@" </dev/null || :
	done
	payload_end
	[ ! -e outside/owned ]
	[ "$(cat outside/file)" = prey ]
}

# shellcheck disable=SC2016 # the payload's
programs='for d in /.ctr*; do
	for with in image.tar ctr-init; do # else it is seen before it is run with rights
		[ ! -f "$d/$with" ] || swap "$d/busybox"
	done
done
for f in /.ctr* /etc/.ctr* /sbin/.ctr* /bin/.ctr*; do
	[ ! -f "$f" ] || swap "$f"
done'
# shellcheck disable=SC2016
links='for f in /.ctr*/* /etc/.*conf* /etc/.ctr* /sbin/.ctr* /.ctr-unpacked*; do
	[ ! -f "$f" ] || link "$f"
done'

tarball()
{
	mkdir -p image/etc
	echo text >image/etc/text
	tar -C image -cf image.tar .
}

unpack_runs_no_program()
{
	tarball
	attacked "$programs" "$hooks/unpack" image.tar root
}

unpack_writes_through_no_link()
{
	tarball
	attacked "$links" "$hooks/unpack" image.tar root
}

embed_runs_no_program()
{
	attacked "$programs" "$hooks/embed-init" root
}

embed_writes_through_no_link()
{
	attacked "$links" "$hooks/embed-init" root
}

busybox_runs_no_program()
{
	attacked "rm -f /bin/vi; $programs" "$hooks/busybox" root
}

resolv_conf_writes_through_no_link()
{
	echo 'nameserver 192.0.2.1' >host
	# shellcheck disable=SC2016 # the inner shell's
	attacked "rm -f /etc/resolv.conf; $links" unshare --mount sh -euc '
		mount --bind host /etc/resolv.conf
		exec "$0/resolv-conf" root' "$hooks"
}

ok unpack_runs_no_program "unpack: a payload that swaps programs runs none outside"
ok unpack_writes_through_no_link "unpack: a payload that swaps links has nothing written outside"
ok embed_runs_no_program "embed-init: a payload that swaps programs runs none outside"
ok embed_writes_through_no_link "embed-init: a payload that swaps links has nothing written outside"
ok busybox_runs_no_program "busybox: a payload that swaps programs runs none outside"
ok resolv_conf_writes_through_no_link "resolv-conf: a payload that swaps links has nothing written outside"

finish
