#!/bin/sh
# hooks.sh - the rootfs hooks do their work, twice the same, and never outside ROOTFS. TAP; needs root.

# shellcheck source=tests/integration/hooks_lab.sh
. "$(dirname -- "$0")/hooks_lab.sh"
ctr_needed

image() # make ./image and ./image.tar.gz, a small root file system
{
	mkdir -p image/bin image/etc image/tmp
	mkdir image/dev image/proc image/run image/sys # which ctr-setup would make
	echo program >image/bin/program
	chmod 4755 image/bin/program
	echo text >image/etc/text
	chown 1234:5678 image/etc/text
	touch -d '2020-01-02 03:04:05' image/bin/program image/etc/text # whole seconds, as tar has
	ln -s /bin/program image/bin/absolute
	ln -s program image/bin/relative
	ln image/bin/program image/bin/hard
	chmod 1777 image/tmp
	tar --numeric-owner -C image -czf image.tar.gz .
}

is_image() # ROOTFS has what ./image has; busybox's tar keeps the times of files only
{
	shape image >wanted
	shape "$1" >have
	diff -u wanted have
}

shape()
{
	(
		cd "$1"
		find . ! -name .ctr-unpacked -printf '%p %y %m %U:%G %n %l\n' | LC_ALL=C sort
		find . -type f ! -name .ctr-unpacked -printf '%p %t\n' -exec sha256sum {} \; | LC_ALL=C sort
	)
}

# busybox

busybox_makes_a_root()
{
	status 0 "$hooks/busybox" root
	says "busybox: made"
	[ "$(wc -l <said)" = 1 ]
	[ "$(chroot root /bin/sh -c 'echo shell && /usr/bin/id -u')" = "shell
0" ]
	[ "$(stat -c %a root/tmp root/root root/bin/busybox | tr '\n' ' ')" = "1777 700 755 " ]
	for name in dev proc sys run etc var usr; do
		[ -d "root/$name" ]
	done
	grep '^root:' root/etc/passwd root/etc/group
	nothing_left
}

busybox_twice_is_once()
{
	status 0 "$hooks/busybox" root
	content root >once
	status 0 "$hooks/busybox" root
	says "already"
	content root | diff once -
}

busybox_keeps_what_is_there()
{
	mkdir -p root/bin root/etc
	echo mine >root/etc/passwd
	echo mine >root/bin/ls
	chmod 0750 root/etc
	status 0 "$hooks/busybox" root
	[ "$(cat root/etc/passwd root/bin/ls)" = "mine
mine" ]
	[ "$(stat -c %a root/etc)" = 750 ]
}

busybox_follows_a_merged_usr()
{
	mkdir -p root/usr/bin
	ln -s usr/bin root/bin
	status 0 "$hooks/busybox" root
	[ -L root/bin ]
	[ -x root/usr/bin/busybox ]
	chroot root /bin/sh -c true
}

busybox_refuses_a_dynamic_one()
{
	status 1 env BUSYBOX="$(command -v cat)" "$hooks/busybox" root
	says "busybox-static"
	[ -z "$(ls -A root)" ]
	status 1 env BUSYBOX="$(command -v cat)" "$hooks/busybox" new
	[ ! -e new ]
	status 1 env BUSYBOX=./missing "$hooks/busybox" root
	says "'./missing'"
}

busybox_stays_inside()
{
	for target in "$here/outside" ../outside; do
		rm -rf root
		mkdir root
		ln -s "$target" root/bin
		ln -s "$target" root/etc
		status 1 "$hooks/busybox" root
		nothing_left
	done
	rm -rf root
	mkdir -p root/etc root/bin
	ln -s "$here/outside/file" root/etc/passwd
	ln -s "$here/outside/new" root/etc/group
	status 0 "$hooks/busybox" root
}

# unpack

unpack_unpacks()
{
	image
	status 0 "$hooks/unpack" image.tar.gz root
	says "unpack: unpacked image.tar.gz"
	[ "$(wc -l <said)" = 1 ]
	is_image root
	nothing_left
	gzip -d image.tar.gz
	status 0 "$hooks/unpack" image.tar plain
	is_image plain
	xz image.tar
	status 0 "$hooks/unpack" image.tar.xz packed
	is_image packed
}

unpack_is_a_hook()
{
	image
	mkdir lower upper work
	sum=$(sha256sum <image.tar.gz)
	# shellcheck disable=SC2016 # the inner shell's
	status 0 env CTR_TARBALL="$here/image.tar.gz" CTR_SHA256="${sum%% *}" unshare --mount sh -euc '
		mount -t tmpfs tmpfs work
		mkdir work/upper work/work
		mount -t overlay -o lowerdir=lower,upperdir=work/upper,workdir=work/work overlay root
		"$0/unpack" root
		cp -a root/. upper' "$hooks"
	is_image upper
}

unpack_twice_is_once()
{
	image
	status 0 "$hooks/unpack" image.tar.gz root
	echo changed >root/etc/text
	manifest root >once
	status 0 "$hooks/unpack" image.tar.gz root
	says "already"
	manifest root | diff once -
}

unpack_recovers_a_half_done_run()
{
	image
	mkdir -p root/.ctr-new/full root/bin root/etc
	echo half >root/bin/program
	status 0 "$hooks/unpack" image.tar.gz root
	is_image root
	nothing_left
}

unpack_finishes_what_kill_9_ended()
{
	image
	head -c 64000000 /dev/zero >image/etc/big
	touch -d '2020-01-02 03:04:05' image/etc/big
	tar --numeric-owner -C image -cf image.tar .
	"$hooks/unpack" image.tar root >/dev/null 2>&1 &
	until [ -e root/etc/big ] || ! kill -0 $!; do :; done
	kill -KILL $!
	wait $! || :
	status 0 "$hooks/unpack" image.tar root
	is_image root
	nothing_left
}

unpack_checks_the_sum_first()
{
	image
	zeros=0000000000000000000000000000000000000000000000000000000000000000
	sum=$(sha256sum <image.tar.gz)
	sum=${sum%% *}
	status 1 "$hooks/unpack" -s $zeros image.tar.gz root
	says "not $zeros"
	status 1 env CTR_TARBALL=image.tar.gz CTR_SHA256=$zeros "$hooks/unpack" root
	says "not $zeros"
	status 1 "$hooks/unpack" -s $zeros image.tar.gz new
	[ ! -e new ]
	echo "$zeros  image.tar.gz" >image.tar.gz.sha256
	status 1 "$hooks/unpack" image.tar.gz root
	says "not $zeros"
	echo "not a sum" >image.tar.gz.sha256
	status 1 "$hooks/unpack" image.tar.gz root
	says "image.tar.gz.sha256"
	[ -z "$(ls -A root)" ]
	echo "$sum  image.tar.gz" >image.tar.gz.sha256
	status 0 "$hooks/unpack" image.tar.gz root
	is_image root
	status 0 "$hooks/unpack" -s "$(echo "$sum" | tr a-f A-F)" image.tar.gz upper-case
}

unpack_refuses_a_damaged_one()
{
	image
	head -c 200 image.tar.gz >short.tar.gz
	status 1 "$hooks/unpack" short.tar.gz root
	says "'short.tar.gz'"
	echo "no tar" >no.tar
	status 1 "$hooks/unpack" no.tar root
	says "'no.tar'"
	[ -z "$(ls -A root)" ]
}

refused_whole() # TARBALL: nothing of it is unpacked
{
	status 1 "$hooks/unpack" "$1" root
	says "refused"
	[ -z "$(ls -A root)" ]
}

unpack_refuses_absolute_names()
{
	echo evil >evil
	tar -P --transform "s,^evil,$here/outside/evil," -cf hostile.tar evil
	tar -P -tf hostile.tar | grep "^$here/outside/evil"
	refused_whole hostile.tar
}

unpack_refuses_climbing_names()
{
	echo evil >evil
	tar -P --transform 's,^evil,../outside/evil,' -cf hostile.tar evil
	tar -P --transform 's,^evil,a/../../outside/evil,' -cf hostile2.tar evil
	tar -P -tf hostile2.tar | grep '^a/../../outside/evil'
	refused_whole hostile.tar
	refused_whole hostile2.tar
}

unpack_leaves_out_what_a_container_covers()
{
	mkdir -p image/dev image/proc image/run image/sys image/etc image/lib/udev
	mknod image/dev/null c 1 3
	mknod image/lib/udev/loop b 7 0
	for directory in dev run etc; do
		echo "$directory" >image/$directory/file
	done
	tar -C image -cf nodes.tar .
	status 0 "$hooks/unpack" nodes.tar root
	says "left out 2 device nodes"
	[ "$(cat root/etc/file)" = etc ]
	[ -z "$(find root/dev root/proc root/run root/sys -mindepth 1)" ]
	[ -z "$(find root -type b -o -type c)" ]
}

unpack_refuses_members_of_the_kernel_s()
{
	for directory in proc sys; do
		rm -rf image
		mkdir -p image/$directory
		: >image/$directory/file
		tar -C image -cf hostile.tar .
		refused_whole hostile.tar
	done
}

unpack_names_what_is_no_root()
{
	mkdir -p saved/blobs/sha256
	echo '[]' >saved/manifest.json
	echo layer >saved/blobs/sha256/0123
	tar -C saved -cf docker.tar manifest.json blobs
	refused_whole docker.tar
	says "docker save"
	echo '{}' >saved/index.json
	echo '{}' >saved/oci-layout
	tar -C saved -cf oci.tar .
	refused_whole oci.tar
	says "OCI image layout"
}

unpack_says_no_name_raw()
{
	escape=$(printf '\033]0;owned\007')
	mkdir "image$escape" root/x
	echo evil >"image$escape/x"
	mkdir -p "root/image$escape/x/y" # so that the member fails, and tar names it
	tar -cf named.tar "image$escape"
	status 1 "$hooks/unpack" named.tar root
	says "not complete"
	[ "$(LC_ALL=C tr -d '\11\12\40-\176' <said)" = "" ]
}

unpack_says_why_there_is_no_container()
{
	image
	printf '#!/bin/sh\necho "no luck" >&2; exit 125\n' >fails
	chmod 755 fails
	CTR_SETUP=$here/fails status 1 "$hooks/unpack" image.tar.gz root
	says "no luck"
}

# Make ./hostile.tar: a symlink member x, then a member below x.
through_a_link() # TARGET
{
	mkdir link file file/x
	ln -s "$1" link/x
	echo evil >file/x/evil
	tar -C link -cf hostile.tar x
	tar -C file -rf hostile.tar x/evil
	rm -r link file
}

unpack_stays_inside_a_link_of_the_archive()
{
	for target in "$here/outside" ../outside ../../../../../../../../../"$here/outside"; do
		through_a_link "$target"
		"$hooks/unpack" hostile.tar root || :
		"$hooks/unpack" hostile.tar root || : # now the link may be there
		nothing_left
		rm -rf root hostile.tar
	done
}

unpack_stays_inside_a_link_of_an_earlier_run()
{
	mkdir x
	echo evil >x/evil
	tar -cf hostile.tar x/evil
	for target in "$here/outside" ../outside; do
		mkdir -p root
		ln -s "$target" root/x
		"$hooks/unpack" hostile.tar root || :
		"$hooks/unpack" hostile.tar root || :
		nothing_left
		rm -rf root
	done
}

unpack_writes_no_file_through_a_link()
{
	echo evil >evil
	tar -cf hostile.tar evil
	ln -s "$here/outside/file" root/evil
	"$hooks/unpack" hostile.tar root || :
	ln -s "$here/outside/file" root/.ctr-new
	ln -sf "$here/outside/file" root/.ctr-unpacked
	status 0 "$hooks/unpack" hostile.tar root
	[ ! -L root/.ctr-unpacked ]
}

unpack_links_nothing_from_outside()
{
	mkdir in
	echo one >in/one
	ln in/one in/two
	for target in "$here/outside/file" ../outside/file; do
		tar -P --transform "s,^in/one\$,$target,h" -cf hostile.tar in/one in/two
		tar -P -tvf hostile.tar | grep "link to $target"
		"$hooks/unpack" hostile.tar root || :
		[ -z "$(find root -samefile outside/file)" ]
	done
	# The link alone, without the member that it names.
	cp outside/file in/file
	ln in/file in/alias
	tar -P --transform "s,^in/file\$,$here/outside/file,hS" --transform "s,^in/file\$,file,rSH" \
		-cf hostile.tar in/file in/alias
	tar -P -tvf hostile.tar | grep "link to $here/outside/file"
	"$hooks/unpack" hostile.tar root || :
	[ -z "$(find root -samefile outside/file)" ]
}

unpack_stays_out_of_mounts()
{
	mkdir -p image/mnt root/mnt
	echo evil >image/mnt/evil
	tar -C image -cf hostile.tar .
	# shellcheck disable=SC2016 # the inner shell's
	status 0 unshare --mount sh -euc 'mount --bind outside root/mnt; "$0/unpack" hostile.tar root' "$hooks"
	[ -f root/mnt/evil ]
}

unpack_believes_no_foreign_marker()
{
	image
	mkdir brought
	sum=$(sha256sum <image.tar.gz)
	echo "${sum%% *}" >brought/.ctr-unpacked
	tar -C brought -cf hostile.tar .
	status 0 "$hooks/unpack" hostile.tar root
	status 0 "$hooks/unpack" image.tar.gz root
	[ -f root/bin/program ]
	rm -rf root/.ctr-unpacked
	mkfifo root/.ctr-unpacked
	status 0 timeout 20 "$hooks/unpack" image.tar.gz root
	is_image root
	mkdir -p dir/.ctr-unpacked
	tar -C dir -cf dir.tar .
	status 0 "$hooks/unpack" dir.tar root
	[ -f root/.ctr-unpacked ]
}

unpack_withdraws_the_marker_first()
{
	image
	status 0 "$hooks/unpack" image.tar.gz root
	mkdir other
	ln -s elsewhere other/etc # cannot replace a directory
	tar -C other -cf other.tar .
	status 1 "$hooks/unpack" other.tar root
	says "not complete"
	status 0 "$hooks/unpack" image.tar.gz root
	says "unpack: unpacked image.tar.gz"
	is_image root
}

# resolv-conf

# Run resolv-conf where the host's /etc/resolv.conf is ./host and systemd-resolved's, if any, is ./stub.
resolv_conf() # WANTED-STATUS ROOTFS
{
	# shellcheck disable=SC2016 # the inner shell's
	status "$1" unshare --mount sh -euc '
		mount --bind host /etc/resolv.conf
		mount -t tmpfs tmpfs /run
		mkdir -p /run/systemd/resolve
		[ ! -e stub ] || cp stub /run/systemd/resolve/resolv.conf
		exec "$0/resolv-conf" "$1"' "$hooks" "$2"
}

resolv_conf_copies_the_hosts()
{
	printf '%s\n' '# a comment' 'nameserver 127.0.0.1' 'nameserver ::1' 'nameserver 192.0.2.1' \
		'search example.org' >host
	resolv_conf 0 root
	says "resolv-conf: wrote"
	printf '%s\n' 'nameserver 192.0.2.1' 'search example.org' | diff - root/etc/resolv.conf
	[ "$(stat -c %a root/etc/resolv.conf)" = 644 ]
	manifest root/etc >once
	resolv_conf 0 root
	says "already"
	[ "$(ls -A root/etc)" = resolv.conf ]
	[ "$(sed -n /resolv/p once)" = "$(manifest root/etc | sed -n /resolv/p)" ]
}

resolv_conf_looks_behind_the_stub()
{
	echo 'nameserver 127.0.0.53' >host
	echo 'nameserver 192.0.2.2' >stub
	resolv_conf 0 root
	diff stub root/etc/resolv.conf
	rm stub root/etc/resolv.conf
	resolv_conf 1 root
	[ -z "$(ls -A root/etc)" ]
}

resolv_conf_replaces_a_link()
{
	echo 'nameserver 192.0.2.1' >host
	mkdir root/etc
	for target in "$here/outside/file" ../../outside/file "$here/outside/dir" "$here/outside/new"; do
		ln -sfn "$target" root/etc/resolv.conf
		resolv_conf 0 root
		[ ! -L root/etc/resolv.conf ]
		diff host root/etc/resolv.conf
	done
}

resolv_conf_refuses_a_linked_etc()
{
	echo 'nameserver 192.0.2.1' >host
	mkdir root/inside
	for target in "$here/outside" ../outside inside .; do
		ln -sfn "$target" root/etc
		resolv_conf 1 root
		says "'root/etc'"
	done
	rm root/etc
	echo file >root/etc
	resolv_conf 1 root
	[ -z "$(ls -A root/inside)" ]
}

all_say_usage()
{
	for hook in busybox unpack resolv-conf; do
		status 2 "$hooks/$hook"
		says "usage: $hook"
		status 2 "$hooks/$hook" one two three
		says "usage: $hook"
		status 2 "$hooks/$hook" ""
	done
	status 2 "$hooks/unpack" root
	says "CTR_TARBALL"
	status 2 "$hooks/unpack" -s 12z image.tar root
	says "'12z'"
	status 1 "$hooks/unpack" missing.tar root
	says "unpack: 'missing.tar'"
	[ -z "$(ls -A root)" ]
}

all_refuse_the_running_root()
{
	: >empty.tar
	ln -s / slash
	refuses_the_running_root busybox slash
	refuses_the_running_root unpack empty.tar slash
	refuses_the_running_root resolv-conf slash
}

ok busybox_makes_a_root "busybox: makes a root whose shell runs"
ok busybox_twice_is_once "busybox: a second run changes nothing"
ok busybox_keeps_what_is_there "busybox: a file that is there is kept"
ok busybox_follows_a_merged_usr "busybox: a bin that links to usr/bin stays one"
ok busybox_refuses_a_dynamic_one "busybox: a dynamic busybox is refused, and the package named"
ok busybox_stays_inside "busybox: links out of the root are not followed"
ok unpack_unpacks "unpack: owners, modes and links are the tarball's, plain, gzip and xz"
ok unpack_is_a_hook "unpack: with ROOTFS alone, on an overlay, tarball and sum from the environment"
ok unpack_twice_is_once "unpack: a second run changes nothing"
ok unpack_recovers_a_half_done_run "unpack: a half-done run is recovered"
ok unpack_finishes_what_kill_9_ended "unpack: a run ended by SIGKILL is finished by the next"
ok unpack_checks_the_sum_first "unpack: a wrong checksum, and nothing is written"
ok unpack_refuses_a_damaged_one "unpack: a damaged tarball, and nothing is written"
ok unpack_refuses_absolute_names "unpack: an absolute name is refused"
ok unpack_refuses_climbing_names "unpack: a name with .. is refused"
ok unpack_leaves_out_what_a_container_covers "unpack: device nodes and what is below dev and run are left out"
ok unpack_refuses_members_of_the_kernel_s "unpack: members below proc and sys are refused"
ok unpack_names_what_is_no_root "unpack: an archive of docker save and an OCI layout are refused by name"
ok unpack_says_why_there_is_no_container "unpack: why no container could be made is said"
ok unpack_says_no_name_raw "unpack: a member's name is never said raw"
ok unpack_stays_inside_a_link_of_the_archive "unpack: a symlink member is no way out"
ok unpack_stays_inside_a_link_of_an_earlier_run "unpack: a symlink of an earlier run is no way out"
ok unpack_writes_no_file_through_a_link "unpack: a file is not written through a symlink, nor is the marker"
ok unpack_links_nothing_from_outside "unpack: a hard link takes in no file from outside"
ok unpack_stays_out_of_mounts "unpack: what is mounted beneath the root is not written"
ok unpack_believes_no_foreign_marker "unpack: a marker that a tarball brought, or that is a fifo, is not believed"
ok unpack_withdraws_the_marker_first "unpack: after another tarball failed half-way, the first is unpacked again"
ok resolv_conf_copies_the_hosts "resolv-conf: the host's servers, less those on its loopback; twice is once"
ok resolv_conf_looks_behind_the_stub "resolv-conf: behind systemd-resolved's stub; none at all is an error"
ok resolv_conf_replaces_a_link "resolv-conf: a symlink is replaced, not followed"
ok resolv_conf_refuses_a_linked_etc "resolv-conf: an etc that is no directory is refused"
ok all_say_usage "all: usage and status 2 when called wrongly"
ok all_refuse_the_running_root "all: the running system's root is refused"

finish
