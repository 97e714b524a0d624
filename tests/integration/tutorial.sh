#!/bin/sh
# The tutorial, typed again: every command of it gives what the page says. Its translations have the
# same commands.
# shellcheck disable=SC2016,SC2317 # expanded by the inner shell; called by a trap
set -u
root=$(cd "$(dirname -- "$0")/../.." && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
failed=0

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; [ "${CTR_MUST_WORK-0}" != 1 ]; exit; }
# cram leaves what differs beside the page.
typed()
{
	cp "$root/docs/TUTORIAL.md" "$work/"
	PATH=$(dirname -- "$CTR_SETUP"):$PATH HOOKS=$root/rootfs-hooks setsid --wait sh -c '
		echo $$ >"$1/session"
		exec cram3 --shell=/bin/sh --indent=4 "$1/TUTORIAL.md"' sh "$work"
}

# Of a page that was not typed to its end.
clean()
{
	pkill -KILL -s "$(cat "$work/session")"
	find /sys/fs/cgroup -name ctr-hand -type d -exec rmdir {} + 2>/dev/null
	rm -rf -- "$work"
}

judge() # NUMBER WHAT STATUS TEXT
{
	if [ "$3" = 0 ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		printf '%s\n' "$4" | sed 's/^/# /'
		failed=1
	fi
}

echo 1..2
text=$(typed 2>&1)
judge 1 'each command of the tutorial gives what it says' $? "$text"
for page in TUTORIAL.md TUTORIAL.zh-CN.md; do
	grep '^    ' "$root/docs/$page" >"$work/$page"
done
text=$(diff "$work/TUTORIAL.md" "$work/TUTORIAL.zh-CN.md")
judge 2 'the translation has the same commands and output' $? "$text"
exit $failed
