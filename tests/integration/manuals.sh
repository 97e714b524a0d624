#!/bin/sh
# manuals.sh - the examples of ctr-setup(8) and ctr-rootfs-hooks(7) work as they stand. TAP; needs root.

# shellcheck source=tests/integration/hooks_lab.sh
. "$(dirname -- "$0")/hooks_lab.sh"

pages=$hooks/../docs/man
PATH=$(dirname -- "$CTR_SETUP"):$PATH
export PATH

plain() # what roff(7) makes of an escaped text
{
	sed 's/\\-/-/g; s/\\(dq/"/g; s/\\e/\\/g'
}

# Lines that stand alone, but for the usages of the hooks and what needs the network.
examples() # SECTION PAGE
{
	awk -v section="$1" '/^\.Sh /{ inside = substr($0, 5) == section } inside' "$pages/$2" |
		sed -n 's/^\.Dl //p' | plain | grep -E '^(ctr-setup|rootfs-hooks/|[^ ]+=|[a-z]+ .*[&|>])' |
		grep -v '^rootfs-hooks/debian'
}

# Each in a shell of its own, in one directory, as somebody would type them.
carry_out()
{
	ln -sfn "$hooks" rootfs-hooks
	echo 'nameserver 192.0.2.1' >resolv.conf
	while read -r line; do
		echo "+ $line"
		# shellcheck disable=SC2016 # the inner shell's
		unshare --mount sh -euc 'mount --bind resolv.conf /etc/resolv.conf; eval "$0"' "$line" </dev/null
		echo "$line" >>carried-out
	done
}

of_ctr_setup()
{
	examples EXAMPLES ctr-setup.8 | carry_out
	[ "$(wc -l <carried-out)" -ge 10 ]
	grep '^changed$' upper/etc/motd
}

of_hooks()
{
	examples EXAMPLES ctr-setup.8 | head -n 1 | carry_out
	examples HOOKS ctr-rootfs-hooks.7 | carry_out
	awk '/^#!/ { inside = 1 } /^\.Ed/ { inside = 0 } inside' "$pages/ctr-rootfs-hooks.7" | plain >motd
	chmod +x motd
	examples EXAMPLES ctr-rootfs-hooks.7 | carry_out
	[ "$(wc -l <carried-out)" -ge 10 ]
	grep '^made by motd$' upper/etc/motd
	[ -z "$(find upper -name '.motd*')" ]
}

ok of_ctr_setup 'the examples of ctr-setup(8) work'
ok of_hooks 'the examples of ctr-rootfs-hooks(7) work'
finish
