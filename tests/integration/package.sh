#!/bin/sh
# shellcheck disable=SC2016,SC2317 # what runs inside expands inside; functions are called by ok
# The Debian package, in a Debian of its own: installed, used as its README and pages say, and purged.
#
# usage: package.sh, with CTR_PACKAGE as the directory where ./run package left it. Needs the network.
set -u
root=$(cd "$(dirname -- "$0")/../.." && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
count=0 failed=0

ok() # WHAT COMMAND [ARG...]
{
	what=$1
	shift
	count=$((count + 1))
	if "$@" >"$work/log" 2>&1; then
		echo "ok $count - $what"
	else
		echo "not ok $count - $what"
		sed 's/^/# /' "$work/log"
		failed=$((failed + 1))
	fi
}

inside() # SCRIPT: in the Debian's root, with mounts and processes of its own
{
	unshare --mount --pid --fork --kill-child sh -euc '
		mount --bind "$1" "$1"
		mount --rbind /sys "$1/sys"
		mount -t proc proc "$1/proc"
		mount --rbind /dev "$1/dev"
		cd "$1"
		mkdir -p run/host
		pivot_root . run/host
		umount -l /run/host
		rmdir /run/host
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive sh -euc "$2"
	' sh "$work/debian" "$1"
}

files()
{
	(cd "$work/debian" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./tmp \
		-o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log \
		-o -path ./box -o -path ./run \) -prune -o -print | sort)
}

installed()
{
	cp "$root"/build-package/ctr_*.deb "$work/debian/tmp/" &&
		cp -L /etc/resolv.conf "$work/debian/etc/" &&
		inside 'apt-get update -qq
			apt-get install -y -qq --no-install-recommends busybox-static mandoc iproute2 \
				$(dpkg-deb -f /tmp/ctr_*.deb Depends | sed "s/ ([^)]*)//g; s/,//g")' &&
		files >"$work/before" &&
		inside 'dpkg -i /tmp/ctr_*.deb'
}

main_job()
{
	inside 'mkdir -p /box/lower /box/merged
		/usr/share/ctr/rootfs-hooks/busybox /box/lower
		status=0
		ctr-setup --cpu 50 --mem 50M --hostname box /box/merged -- sh -c "hostname; exit 3" >/tmp/said ||
			status=$?
		[ $status = 3 ]
		[ "$(cat /tmp/said)" = box ]
		[ -z "$(ls /run/ctr)" ]'
}

helpers()
{
	inside 'ctr-setup --explain /box/merged | grep "^# 65 root"
		echo "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}" >/tmp/profile.json
		ctr-setup --seccomp /tmp/profile.json /box/merged -- true
		mkdir /box/image
		/usr/share/ctr/rootfs-hooks/embed-init /box/image
		cmp /box/image/sbin/ctr-init /usr/libexec/ctr/ctr-init
		/box/image/sbin/ctr-init -- true'
}

pages()
{
	inside 'for page in /usr/share/man/man*/ctr-*; do
			mandoc -T utf8 "$page" | grep -q CTR- || { echo "$page"; exit 1; }
		done'
}

purged()
{
	inside 'dpkg -P ctr' && files | diff "$work/before" -
}

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; [ "${CTR_MUST_WORK-0}" != 1 ]; exit; }
ok 'the package is built' "$root/run" package
ok 'a clean Debian is there' "$root/rootfs-hooks/debian" "$work/debian"
ok 'it installs, with nothing but what it depends on' installed
ok 'the main job runs, and leaves nothing' main_job
ok 'its helpers and hooks find each other' helpers
ok 'its manual pages can be read' pages
ok 'purged, it leaves no file' purged
echo "1..$count"
exit "$failed"
