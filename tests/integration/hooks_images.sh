#!/bin/sh
# hooks_images.sh - the rootfs hooks that make what a VM boots do their work, and take nothing from
# outside ROOTFS. TAP; needs root. No network: Debian's bootstrap is played by a script.

# shellcheck source=tests/integration/hooks_lab.sh
. "$(dirname -- "$0")/hooks_lab.sh"

PATH=$PATH:/usr/sbin:/sbin
for program in cpio/cpio mke2fs/e2fsprogs debugfs/e2fsprogs xz/xz-utils zstd/zstd; do
	command -v "${program%/*}" >/dev/null || skip_all "needs ${program%/*}: install ${program#*/}"
done
: "${CTR_INIT:=$hooks/../build/ctr-init}"
export CTR_INIT
[ -f "$CTR_INIT" ] || skip_all "needs ctr-init: ./run build, or set CTR_INIT"

no() # COMMAND [ARG...]: set -e takes no notice of !
{
	if "$@"; then
		echo "not to be: $*"
		exit 1
	fi
}

# ./root with one of each kind of file, whole seconds and a Debian's sbin.
tree()
{
	mkdir -p root/usr/bin root/usr/sbin root/etc root/dev root/tmp
	ln -s usr/bin root/bin
	ln -s usr/sbin root/sbin
	echo program >root/bin/program
	chmod 4755 root/bin/program
	ln root/bin/program root/bin/hard
	ln -s /bin/program root/bin/absolute
	echo text >root/etc/text
	chown 1234:5678 root/etc/text
	chmod 0640 root/etc/text
	echo odd >"root/etc/a name
of two lines"
	mknod -m 0620 root/dev/null c 1 3
	mknod -m 0660 root/dev/disk b 254 1
	mkfifo root/dev/fifo
	chmod 1777 root/tmp
	# An attribute without setfattr(1): tar says that the file has one, and then believes it.
	tar --format=pax --pax-option='SCHILY.xattr.user.note:=kept' -C root -cf noted.tar etc/text
	tar --xattrs --xattrs-include='user.*' -C root -xpf noted.tar
	find root -exec touch -h -d '2020-01-02 03:04:05' {} +
}

listing() # DIRECTORY: what an archive carries, and cpio(1) unpacks: no times of links
{
	(
		cd "$1"
		find . ! -path ./init ! -type d -printf '%p %y %m %U:%G %n %l\n' | LC_ALL=C sort
		find . -type d -printf '%p %y %m %U:%G\n' | LC_ALL=C sort
		find . ! -path ./init ! -type d ! -type l -printf '%p %T@\n' | LC_ALL=C sort
		find dev -type c -exec stat -c '%n %t:%T' {} + -o -type b -exec stat -c '%n %t:%T' {} +
		find . -type f ! -path ./init -exec sha256sum {} + | LC_ALL=C sort
	)
}

open_up() # FILE DIRECTORY: what the kernel would make of an initramfs
{
	mkdir "$2"
	gzip -dc "$1" >"$1.cpio"
	(cd "$2" && cpio -idm --quiet <"../$1.cpio")
}

on_disk() # IMAGE REQUEST
{
	debugfs -R "$2" "$1" 2>/dev/null
}

# A cp that looks, in the middle of its work, whether a link put there leads out. Its PATH is ./shim:.
# What it got is in ./stolen, and the prey shows what it wrote.
spying_cp()
{
	mkdir shim
	cat >shim/cp <<-EOF
		#!/bin/sh
		real=$(command -v cp)
		[ "\$1" = -a ] || exec "\$real" "\$@"
		rm -rf "$here/root/way"
		ln -s "$here/outside" "$here/root/way"
		cat "\$3/way/file" >"$here/stolen" 2>"$here/refusal"
		ln -s "$here/outside" "\$4/way"
		touch "\$4/way/evil" 2>>"$here/refusal"
		rm "\$4/way"
		exec "\$real" "\$@"
	EOF
	chmod 0755 shim/cp
}

# embed-init

embed_puts_it_there()
{
	for sbin in directory usr/sbin /usr/sbin missing; do
		rm -rf root
		mkdir -p root/usr/sbin
		case $sbin in
		directory) mkdir root/sbin ;;
		missing) ;;
		*) ln -s "$sbin" root/sbin ;;
		esac
		status 0 "$hooks/embed-init" root
		says "embed-init: put $CTR_INIT at root/sbin/ctr-init"
		[ "$(wc -l <said)" = 1 ]
		case $sbin in
		*usr/sbin) file=root/usr/sbin/ctr-init ;;
		*) file=root/sbin/ctr-init ;;
		esac
		cmp "$CTR_INIT" $file
		[ "$(stat -c '%a %u:%g %h' $file)" = "755 0:0 1" ]
		nothing_left
		content root >once
		status 0 "$hooks/embed-init" root
		says "right already"
		content root | diff once -
	done
	status 0 "$hooks/embed-init" root /boot/first/init
	cmp "$CTR_INIT" root/boot/first/init
}

embed_replaces_what_is_there()
{
	mkdir -p root/sbin root/dir
	file=root/sbin/ctr-init
	echo old >$file
	ln $file root/sbin/other
	status 0 "$hooks/embed-init" root
	cmp "$CTR_INIT" $file
	[ "$(cat root/sbin/other)" = old ] # rename(2), not written over
	for target in "$here/outside/file" ../../outside/file ../dir "$here/outside/new" ctr-init; do
		ln -sfn "$target" $file
		status 0 "$hooks/embed-init" root
		[ ! -L $file ]
		cmp "$CTR_INIT" $file
	done
	[ -z "$(ls -A root/dir)" ]
	rm $file
	mkfifo $file
	status 0 timeout 20 "$hooks/embed-init" root
	cmp "$CTR_INIT" $file
	chmod 4755 $file
	chown 1:1 $file
	status 0 "$hooks/embed-init" root
	[ "$(stat -c '%a %u:%g' $file)" = "755 0:0" ]
	rm $file
	mkdir $file
	status 1 "$hooks/embed-init" root
	says "/sbin/ctr-init is a directory"
	[ -z "$(ls -A $file)" ]
	nothing_left
}

embed_stays_inside()
{
	for target in "$here/outside" "$here/outside/dir" ../outside usr/../../outside; do
		rm -rf root
		mkdir -p root/usr
		ln -s "$target" root/sbin
		status 1 "$hooks/embed-init" root
		says "embed-init: cannot put /sbin/ctr-init into 'root'"
		nothing_left
	done
	rm root/sbin
	ln -s "$here/outside" root/usr/sbin
	ln -s usr/sbin root/sbin
	status 1 "$hooks/embed-init" root
}

embed_wants_a_static_program()
{
	head -c 60 "$CTR_INIT" >short
	head -c 100 "$CTR_INIT" >shorter
	printf '\177ELF\001\001' >small
	tail -c +61 "$CTR_INIT" >>small
	: >empty
	echo '#!/bin/sh' >script
	for wrong in short shorter small empty script "$(command -v cat)"; do
		status 1 env CTR_INIT="$wrong" "$hooks/embed-init" root
		says "'$wrong' is"
		says "set \$CTR_INIT"
		[ -z "$(ls -A root)" ]
	done
	says "not static"
	status 1 env CTR_INIT=./missing "$hooks/embed-init" root
	says "'./missing' is not a file"
	status 1 env CTR_INIT=root "$hooks/embed-init" root
	says "'root' is not a file"
}

embed_finds_it()
{
	mkdir -p share/ctr libexec/ctr share/ctr/build
	cp -r "$hooks" share/ctr/rootfs-hooks
	status 1 env -u CTR_INIT share/ctr/rootfs-hooks/embed-init root
	says "no ctr-init here"
	cp "$CTR_INIT" libexec/ctr/ctr-init
	status 0 env -u CTR_INIT share/ctr/rootfs-hooks/embed-init root
	says "libexec/ctr/ctr-init"
	cp "$CTR_INIT" share/ctr/build/ctr-init
	mkdir other
	status 0 env -u CTR_INIT share/ctr/rootfs-hooks/embed-init other
	says "build/ctr-init"
}

# initramfs

initramfs_packs_all()
{
	tree
	chmod 0700 root # as mktemp(1) makes it
	manifest root >before-pack
	status 0 "$hooks/initramfs" root packed
	says "initramfs: made packed from root"
	[ "$(wc -l <said)" = 1 ]
	manifest root | diff before-pack -
	nothing_left
	[ "$(stat -c %a packed)" = 600 ]
	open_up packed out
	cmp "$CTR_INIT" out/init
	[ "$(stat -c '%a %u:%g' out/init)" = "755 0:0" ]
	chmod 0755 root
	listing root >wanted
	listing out | diff -u wanted -
}

initramfs_replaces_init()
{
	for target in "$here/outside/file" ../outside/file bin/program /init; do
		ln -sfn "$target" root/init
		status 0 "$hooks/initramfs" root packed
		rm -rf out
		open_up packed out
		cmp "$CTR_INIT" out/init
		[ ! -L out/init ]
		[ -L root/init ]
	done
	rm root/init packed
	mkdir root/init
	status 1 "$hooks/initramfs" root packed
	says "/init is a directory"
	[ ! -e packed ]
	nothing_left
}

# What the hook adds is made now, in another second than before: that must not show.
initramfs_is_reproducible()
{
	tree
	kernel
	export CTR_KERNEL_DIR=kernel CTR_MODULES="first"
	status 0 "$hooks/initramfs" root one
	sleep 1.1
	mkdir again
	for name in tmp usr sbin etc dev bin; do # not the order in which they were made
		cp -a "root/$name" again/
	done
	touch -d '2020-01-02 03:04:05' again
	mkdir shelf # another file system has names in another order
	# shellcheck disable=SC2016 # the inner shell's
	status 0 unshare --mount sh -euc '
		mount -t tmpfs tmpfs shelf
		"$0/initramfs" again shelf/two
		cat shelf/two >two' "$hooks"
	cmp one two
	touch again/etc/text
	status 0 "$hooks/initramfs" again three
	no cmp -s one three
	export SOURCE_DATE_EPOCH=1500000000
	status 0 "$hooks/initramfs" root one
	status 0 "$hooks/initramfs" again two
	cmp one two
	gzip -dc one | TZ=UTC LC_ALL=C cpio -tv --quiet >dates
	grep 'Jul 14  2017 init' dates
	no grep -vE 'Jul 14  2017|^of two lines' dates
	status 1 env SOURCE_DATE_EPOCH=today "$hooks/initramfs" root three
	says "'today'"
	status 1 env SOURCE_DATE_EPOCH=-1 "$hooks/initramfs" root three
	says "'-1'"
	nothing_left
}

module() # FILE DEPENDS
{
	printf 'code\0license=GPL\0depends=%s\0name=x\0' "$2" >"$1"
}

# ./kernel: first needs sec-ond and third; sec_ond needs third.
kernel()
{
	mkdir -p kernel/kernel/a kernel/kernel/b kernel/updates
	module kernel/kernel/a/first.ko sec_ond,third
	module kernel/kernel/b/sec-ond.ko third
	xz kernel/kernel/b/sec-ond.ko
	module kernel/kernel/b/third.ko ''
	zstd -q --rm kernel/kernel/b/third.ko
	module kernel/kernel/a/fourth.ko missing
	module kernel/kernel/a/fif.th.ko ''
	module kernel/kernel/a/ring.ko round
	module kernel/kernel/a/round.ko ring
	module kernel/kernel/a/twice.ko sec_ond
	module kernel/updates/twice.ko built_in
	echo text >kernel/kernel/a/text.ko
	echo kernel/fs/built-in.ko >kernel/modules.builtin
}

initramfs_brings_modules()
{
	tree
	kernel
	mkdir -p root/ctr-modules root/etc/ctr-init.d
	ln -s "$here/outside" root/ctr-modules/old
	ln -s "$here/outside/new" root/etc/ctr-init.d/00-modules
	manifest root >before-pack
	status 0 env CTR_KERNEL_DIR=kernel CTR_MODULES="built_in  first
		sec-ond twice ring" "$hooks/initramfs" root packed
	manifest root | diff before-pack -
	open_up packed out
	(cd out/ctr-modules && echo *) >names
	[ "$(cat names)" = "001-third.ko 002-sec_ond.ko 003-first.ko 004-twice.ko 005-round.ko 006-ring.ko busybox" ]
	cmp kernel/kernel/a/first.ko out/ctr-modules/003-first.ko
	cmp kernel/updates/twice.ko out/ctr-modules/004-twice.ko
	xz -dc kernel/kernel/b/sec-ond.ko.xz | cmp - out/ctr-modules/002-sec_ond.ko
	zstd -dc kernel/kernel/b/third.ko.zst | cmp - out/ctr-modules/001-third.ko
	cmp "$CTR_INIT" out/init
	loads out
}

# Its boot hook loads each, in order, and goes on behind a failure; insmod is played by a script.
loads() # DIRECTORY
{
	hook=etc/ctr-init.d/00-modules
	[ -f "$1/$hook" ] && [ ! -L "$1/$hook" ]
	[ "$(stat -c '%a %u:%g' "$1/$hook")" = "755 0:0" ]
	"$1/ctr-modules/busybox" true
	mv "$1/ctr-modules/busybox" "$1/usr/bin/busybox"
	cat >"$1/ctr-modules/busybox" <<-'EOF'
		#!/usr/bin/busybox sh
		[ "$1" = insmod ] || exec /usr/bin/busybox "$@"
		echo "$2"
		[ "$2" != /ctr-modules/002-sec_ond.ko ]
	EOF
	chmod 0755 "$1/ctr-modules/busybox"
	status 1 chroot "$1" /$hook start
	(cd "$1" && printf '/%s\n' ctr-modules/*.ko) | diff - said
	status 0 chroot "$1" /$hook stop
	[ ! -s said ]
}

initramfs_shares_busybox()
{
	status 0 "$hooks/busybox" root
	mkdir kernel
	module kernel/one.ko ''
	status 0 env CTR_KERNEL_DIR=kernel CTR_MODULES=one "$hooks/initramfs" root packed
	open_up packed out
	[ "$(stat -c %i out/bin/busybox)" = "$(stat -c %i out/ctr-modules/busybox)" ]
	cmp root/bin/busybox out/bin/busybox
}

initramfs_refuses_bad_modules()
{
	kernel
	for bad in missing fourth text fif.th ../a/first 'fi*' "'" ; do
		status 1 env CTR_KERNEL_DIR=kernel CTR_MODULES="first $bad" "$hooks/initramfs" root packed
		case $bad in
		missing | fourth) says "no module 'missing' in 'kernel'" ;;
		text) says "text.ko' is no kernel module" ;;
		*) says "'first $bad' are not names of modules" ;;
		esac
		[ ! -e packed ]
		nothing_left
	done
	echo damaged >kernel/kernel/b/sec-ond.ko.xz
	status 1 env CTR_KERNEL_DIR=kernel CTR_MODULES=first "$hooks/initramfs" root packed
	says "sec-ond.ko.xz'"
	status 1 env CTR_MODULES=first "$hooks/initramfs" root packed
	says "CTR_KERNEL_DIR"
	status 1 env CTR_KERNEL_DIR=nowhere CTR_MODULES=first "$hooks/initramfs" root packed
	says "'nowhere'"
	ln -s "$here/outside" root/etc
	status 1 env CTR_KERNEL_DIR=kernel CTR_MODULES=third "$hooks/initramfs" root packed
	says "'root/etc' is a symlink"
	rm root/etc
	mkdir root/etc
	ln -s ../../outside root/etc/ctr-init.d
	status 1 env CTR_KERNEL_DIR=kernel CTR_MODULES=third "$hooks/initramfs" root packed
	says "'root/etc/ctr-init.d' is a symlink"
	[ ! -e packed ]
	nothing_left
}

# disk-image

disk_has_all()
{
	tree
	manifest root >before-pack
	status 0 "$hooks/disk-image" root disk 24M
	says "disk-image: made disk of 24M from root"
	[ "$(wc -l <said)" = 1 ]
	manifest root | diff before-pack -
	nothing_left
	[ "$(stat -c '%s %a' disk)" = "$((24 << 20)) 600" ]
	[ "$(($(stat -c '%b * %B' disk)))" -lt $((12 << 20)) ]
	e2fsck -fn disk
	dumpe2fs -h disk >super
	grep 'Filesystem features:.* extent' super
	grep 'Filesystem state: *clean' super

	on_disk disk 'stat /' | grep 'Mode:  0755'
	on_disk disk 'stat /usr/sbin/ctr-init' | grep 'Type: regular    Mode:  0755'
	on_disk disk 'stat /sbin' | grep 'Fast link dest: "usr/sbin"'
	on_disk disk 'stat /bin/program' | grep 'Mode:  04755'
	on_disk disk 'stat /bin/program' | grep 'Links: 2'
	on_disk disk 'stat /etc/text' | grep 'User:  1234   Group:  5678'
	on_disk disk 'stat /etc/text' | grep 'mtime: .*2020'
	on_disk disk 'ea_get /etc/text user.note' | grep kept
	on_disk disk 'stat /dev/null' | grep 'character special    Mode:  0620'
	on_disk disk 'stat /dev/null' | grep 'Device major/minor number: 01:03'
	on_disk disk 'stat /dev/disk' | grep 'block special'
	on_disk disk 'stat /dev/fifo' | grep 'FIFO'
	on_disk disk 'stat /tmp' | grep 'Mode:  01777'
	on_disk disk 'dump /usr/sbin/ctr-init have'
	cmp "$CTR_INIT" have
	on_disk disk 'cat /bin/absolute' >have || : # a link of the image, which leads nowhere else
	[ ! -e root/usr/sbin/ctr-init ]
}

disk_too_small_is_said()
{
	head -c 3000000 /dev/zero >root/zeros
	tr '\0' 'x' <root/zeros >root/data
	for size in 1K 60K 1M 3M; do
		status 1 "$hooks/disk-image" root disk $size
		says "disk-image: $size is too small: 'root' has"
		[ "$(wc -l <said)" = 1 ]
		[ ! -e disk ]
		nothing_left
	done
	for size in 0M 12 M 64MB -1M '' 1.5G 0x10M '1 M' 99999999999G; do
		status 1 "$hooks/disk-image" root disk "$size"
		says "'$size' is not a SIZE"
		[ ! -e disk ]
	done
	status 0 "$hooks/disk-image" root disk 16M
	cp disk before-fail
	status 1 "$hooks/disk-image" root disk 1M
	cmp disk before-fail
}

disk_mounts_nothing()
{
	cat >mounts <<-'EOF'
		grep -v "$0" /proc/self/mountinfo >before-run
		"$1/disk-image" root disk 8M
		"$1/initramfs" root packed
		grep -v "$0" /proc/self/mountinfo | cmp - before-run
	EOF
	status 0 sh -eu mounts "$hooks"
}

# both

images_follow_no_link()
{
	ln -s "$here/outside" root/absolute
	ln -s ../outside root/relative
	ln -s "$here/outside/file" root/file
	both
	zgrep_no prey packed
	no grep -q prey disk
	open_up packed out
	[ "$(readlink out/absolute out/relative out/file | tr '\n' ' ')" = "$here/outside ../outside $here/outside/file " ]
	on_disk disk 'stat /relative' | grep 'Fast link dest: "../outside"'
}

both()
{
	status 0 "$hooks/initramfs" root packed
	status 0 "$hooks/disk-image" root disk 8M
	nothing_left
}

zgrep_no() # TEXT FILE
{
	gzip -dc "$2" >unzipped
	no grep -q "$1" unzipped
}

images_outrun_no_link()
{
	spying_cp
	for hook in "initramfs root image" "disk-image root image 8M"; do
		# shellcheck disable=SC2086 # a hook and its arguments
		status 0 env PATH="$here/shim:$PATH" "$hooks"/$hook
		[ -e stolen ]
		[ ! -s stolen ]
		[ "$(grep -c 'Too many levels of symbolic links' refusal)" = 2 ]
		rm stolen refusal image
	done
}

images_take_no_mounts()
{
	mkdir -p root/mnt
	echo under >root/mnt/under
	# shellcheck disable=SC2016 # the inner shell's
	status 0 unshare --mount sh -euc '
		mount --bind outside root/mnt
		"$0/initramfs" root packed
		"$0/disk-image" root disk 8M' "$hooks"
	open_up packed out
	[ "$(cat out/mnt/under)" = under ]
	[ ! -e out/mnt/file ]
	on_disk disk 'cat /mnt/under' | grep under
}

images_appear_whole()
{
	mkdir dir
	for hook in initramfs disk-image; do
		size=$([ $hook = initramfs ] || echo 8M)
		# shellcheck disable=SC2086 # one or none
		{
			status 1 "$hooks/$hook" missing image $size
			says "no directory 'missing'"
			status 1 "$hooks/$hook" root nowhere/image $size
			says "no directory for 'nowhere/image'"
			status 1 "$hooks/$hook" root dir $size
			says "'dir' is there, and is not a file"
			status 1 "$hooks/$hook" root root/image $size
			says "inside 'root'"
			status 1 "$hooks/$hook" root root/../root/image $size
			says "inside 'root'"
			status 1 env CTR_INIT=/bin/cat "$hooks/$hook" root image $size
			says "$hook: cannot put ctr-init"
			[ ! -e image ]
			[ -z "$(ls -A root)$(ls -A dir)" ]
			ln -s "$here/outside/file" image
			status 0 "$hooks/$hook" root image $size
			[ ! -L image ] && [ -s image ]
		}
		rm image
		nothing_left
	done
	cd root
	status 0 "$hooks/initramfs" . ../-image
	mv said ..
	cd ..
	[ -s ./-image ]
	nothing_left
}

images_remove_what_a_killed_run_left()
{
	mkdir .ctr-image.packed.killed .ctr-image.other.killed .ctr-image.packed.living
	ln -s "$here/outside" .ctr-image.packed.link00
	exec 8<.ctr-image.packed.living
	flock 8
	status 0 "$hooks/initramfs" root packed
	[ "$(echo .ctr-image.*)" = ".ctr-image.other.killed .ctr-image.packed.link00 .ctr-image.packed.living" ]
	rm -r .ctr-image.*
	spying_cp
	cat >shim/cp <<-EOF
		#!/bin/sh
		[ "\$1" != -a ] || kill -KILL \$PPID \$(cat "$here/pid")
		exec $(command -v cp) "\$@"
	EOF
	# shellcheck disable=SC2016 # the inner shell's
	PATH="$here/shim:$PATH" sh -c 'echo $$ >pid; exec "$0/disk-image" root disk 8M' "$hooks" || :
	ls -d .ctr-image.disk.??????
	status 0 "$hooks/disk-image" root disk 8M
	nothing_left
}

images_name_the_package()
{
	mkdir path
	for name in dirname readlink id sh env tr; do
		ln -s "$(command -v $name)" path/
	done
	status 1 env PATH="$here/path" "$hooks/initramfs" root packed
	says "initramfs: needs the program cpio: install cpio"
	# shellcheck disable=SC2016 # the inner shell's
	status 1 unshare --mount sh -euc '
		mount -t tmpfs tmpfs /usr/sbin
		PATH=$1 exec "$0/disk-image" root disk 8M' "$hooks" "$here/path"
	says "disk-image: needs the program mke2fs: install e2fsprogs"
	# shellcheck disable=SC2016 # the inner shell's
	status 1 unshare --mount sh -euc '
		mount -t tmpfs tmpfs /usr/sbin
		PATH=$1 exec "$0/debian" new' "$hooks" "$here/path"
	says "debian: needs the program mmdebstrap or debootstrap"
	[ ! -e new ]
}

as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# The files of who is not root are root's in the image.
images_need_no_root()
{
	chmod 0711 "$tmp"
	cp -r "$hooks" hooks
	cp "$CTR_INIT" hooks/ctr-init
	mkdir mine
	cp -r root mine/root
	echo text >mine/root/text
	chmod 0640 mine/root/text
	chown -R 65534:65534 mine
	export CTR_INIT="$here/hooks/ctr-init"
	status 0 as_nobody hooks/initramfs mine/root mine/packed
	status 0 as_nobody hooks/disk-image mine/root mine/disk 8M
	[ "$(stat -c %u mine/packed mine/disk | sort -u)" = 65534 ]
	mv mine/packed packed
	open_up packed out
	[ "$(stat -c '%a %u:%g' out/text)" = "640 0:0" ]
	on_disk mine/disk 'stat /text' | grep 'User:     0   Group:     0'
	cmp "$CTR_INIT" out/init
	mknod mine/root/null c 1 3
	status 1 as_nobody hooks/disk-image mine/root mine/other 8M
	says "disk-image: cannot copy 'mine/root'"
	[ ! -e mine/other ]
	[ "$(cd mine && find . -mindepth 1 -maxdepth 1 | sort | tr '\n' ' ')" = "./disk ./root " ]
}

# debian

# debootstrap or mmdebstrap, as a script that mounts in its root and leaves a process.
bootstrap_by() # PROGRAM COMMANDS
{
	mkdir -p shim
	cat >"shim/$1" <<-EOF
		#!/bin/sh
		echo "\$0 \$*" >"$here/called"
		for root; do [ ! -d "\$root" ] || break; done
		mkdir -p "\$root/proc" "\$root/etc" "\$root/var/cache/apt/archives" "\$root/var/lib/apt/lists"
		mount -t proc proc "\$root/proc"
		echo name >"\$root/etc/hostname"
		echo text >"\$root/etc/debian_version"
		: >"\$root/var/cache/apt/pkgcache.bin" >"\$root/var/cache/apt/archives/x.deb"
		: >"\$root/var/lib/apt/lists/x_InRelease"
		tail -f "$here/called" >/dev/null &
		$2
	EOF
	chmod 0755 "shim/$1"
}

debian() # WANTED-STATUS [ARG...]
{
	wanted_status=$1
	shift
	status "$wanted_status" env PATH="$here/shim:$PATH" "$hooks/debian" "$@"
	nothing_left
	no grep -qs "$here/calle[d]" /proc/[0-9]*/cmdline
}

debian_makes_one()
{
	bootstrap_by debootstrap 'exit 0'
	case $(command -v mmdebstrap) in
	'') debian 0 root ;;
	*) cp shim/debootstrap shim/mmdebstrap && debian 0 root ;;
	esac
	says "debian: made bookworm in root"
	grep -E -- ' --variant=minbase .*bookworm .*/root https?://' called
	[ "$(cat root/etc/debian_version)" = text ]
	[ "$(cd root && find . -type f)" = ./etc/debian_version ]
	bootstrap_by mmdebstrap 'exit 0'
	debian 0 new trixie http://192.0.2.1/debian
	grep -E -- '/shim/mmdebstrap .* trixie .*/new http://192.0.2.1/debian$' called
	[ -f new/etc/debian_version ]
}

debian_leaves_nothing_behind_a_failure()
{
	bootstrap_by mmdebstrap 'echo "E: no luck"; exit 7'
	debian 1 root
	says "debian: mmdebstrap: E: no luck"
	says "cannot make bookworm in 'root'"
	[ -z "$(ls -A root)" ]
	debian 1 new
	[ ! -e new ]
	for signal in 15/TERM 2/INT 1/HUP; do
		bootstrap_by mmdebstrap "echo >$here/there; wait"
		rm -f there
		PATH="$here/shim:$PATH" env --default-signal=INT,HUP "$hooks/debian" new &
		until [ -e there ] || ! kill -0 $!; do sleep 0.1; done
		kill -"${signal#*/}" $!
		rc=0
		wait $! || rc=$?
		[ "$rc" = $((128 + ${signal%/*})) ]
		[ ! -e new ]
		no grep -qs "$here/calle[d]" /proc/[0-9]*/cmdline
		nothing_left
	done
}

debian_asks_for_what_it_needs()
{
	bootstrap_by mmdebstrap 'exit 0'
	echo mine >root/file
	debian 1 root
	says "'root' is not empty"
	[ "$(ls -A root)" = file ]
	debian 1 new ../evil
	says "'../evil' is not the name of a suite"
	debian 1 new ''
	debian 1 new bookworm ''
	debian 1 new bookworm --help
	says "'--help' is not a mirror"
	debian 1 missing/new
	says "'missing/new'"
	# shellcheck disable=SC2016 # the inner shell's
	status 1 unshare --mount sh -euc '
		mount -t tmpfs tmpfs /usr/share/keyrings
		PATH=shim:$PATH exec "$0/debian" new' "$hooks"
	says "install debian-archive-keyring"
	[ ! -e new ] && [ ! -e called ]
}

# The real program, to which nobody answers.
debian_says_why()
{
	status 1 "$hooks/debian" new bookworm http://127.0.0.1:9/debian
	says "debian: cannot make bookworm in 'new' from 'http://127.0.0.1:9/debian'"
	[ ! -e new ]
	nothing_left
}

all_say_usage()
{
	for hook in embed-init initramfs disk-image debian; do
		for arguments in '' '-x' '-x -y' 'a b c d'; do
			# shellcheck disable=SC2086 # words
			status 2 "$hooks/$hook" $arguments
			says "usage:"
			says " $hook ROOTFS"
		done
		status 2 "$hooks/$hook" ''
	done
	status 2 "$hooks/initramfs" root
	status 2 "$hooks/initramfs" root ''
	status 2 "$hooks/initramfs" root file more
	status 2 "$hooks/disk-image" root file
	status 1 "$hooks/embed-init" root sbin/init
	says "'sbin/init'"
	status 1 "$hooks/embed-init" root /sbin/
	says "'/sbin/'"
	status 1 "$hooks/embed-init" missing
	says "'missing'"
	[ ! -e missing ]
	[ -z "$(ls -A root)" ]
}

all_refuse_the_running_root()
{
	ln -s / slash
	refuses_the_running_root embed-init slash
	refuses_the_running_root initramfs slash packed
	refuses_the_running_root disk-image slash disk 8M
	refuses_the_running_root debian slash
}

ok embed_puts_it_there "embed-init: puts ctr-init at /sbin, a directory, a link or missing; twice is once"
ok embed_replaces_what_is_there "embed-init: a file, link or fifo is replaced, a directory refused"
ok embed_stays_inside "embed-init: links out of the root are not followed"
ok embed_wants_a_static_program "embed-init: what is no static program is refused"
ok embed_finds_it "embed-init: the built one, else the installed one"
ok initramfs_packs_all "initramfs: packs the root, unchanged, with ctr-init as /init"
ok initramfs_replaces_init "initramfs: an /init of the root is replaced, a directory refused"
ok initramfs_is_reproducible "initramfs: the same input makes the same bytes; SOURCE_DATE_EPOCH counts"
ok initramfs_brings_modules "initramfs: modules and what they depend on, in the order of loading"
ok initramfs_shares_busybox "initramfs: a busybox of the root is not packed twice"
ok initramfs_refuses_bad_modules "initramfs: a module that is not there or no module is refused"
ok disk_has_all "disk-image: a sound and sparse ext4, with owners, links, nodes, attributes"
ok disk_too_small_is_said "disk-image: a SIZE too small or no size is refused, and nothing made"
ok disk_mounts_nothing "images: nothing is mounted"
ok images_follow_no_link "images: links out of the root are packed, not followed"
ok images_outrun_no_link "images: nor is a link that is put there meanwhile"
ok images_take_no_mounts "images: what is mounted beneath the root is not packed"
ok images_appear_whole "images: appear whole or not at all"
ok images_remove_what_a_killed_run_left "images: what a killed run left is removed, a living one is not"
ok images_name_the_package "images, debian: a missing program is named, with its package"
if as_nobody unshare --map-root-user --mount true 2>/dev/null; then
	ok images_need_no_root "images: no root needed for one's own files"
else
	skip "images: no root needed for one's own files" "this host has no user namespaces for users"
fi
if ! command -v gpgv >/dev/null || [ ! -r /usr/share/keyrings/debian-archive-keyring.gpg ]; then
	skip "debian: makes a root" "needs gpgv, debian-archive-keyring"
else
	ok debian_makes_one "debian: mmdebstrap, else debootstrap; caches and the host's name are gone"
	ok debian_leaves_nothing_behind_a_failure "debian: no file, mount or process is left by a failure or signal"
	ok debian_asks_for_what_it_needs "debian: a root that is not empty, a bad suite or mirror, no keyring: refused"
fi
if command -v mmdebstrap >/dev/null || command -v debootstrap >/dev/null; then
	ok debian_says_why "debian: a mirror that does not answer"
else
	skip "debian: a mirror that does not answer" "needs mmdebstrap or debootstrap"
fi
ok all_say_usage "all: usage and status 2 when called wrongly"
ok all_refuse_the_running_root "all: the running system's root is refused"

finish
