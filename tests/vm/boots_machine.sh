# shellcheck shell=sh
# boots_machine.sh - one machine, seen from outside: its images, console and monitor; sourced by boots.
#
# A boot is a function that is run in its own empty directory, by a subshell. There `extra` is a
# tree that it can fill, which comes on top of the initramfs; console.out is what the console said.
#
# shellcheck disable=SC2154 # what boots sets

hooks=$here/../../rootfs-hooks machine='' failed=''
newline='
'

# The tree of a small system: busybox, and the guest's part of each boot.
tree_make() # DIRECTORY
{
	mkdir -p "$1/bin" "$1/etc" "$1/mnt"
	cp -L "$busybox" "$1/bin/busybox"
	for applet in $("$busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
	done
	cp "$here/boots_guest" "$1/guest"
}

# plain: an initramfs; modules: one that loads what a disk and a port need; disk.img: a disk.
images_make() # DIRECTORY
{
	tree_make "$1/tree"
	"$hooks/initramfs" "$1/tree" "$1/plain" >/dev/null &&
		CTR_MODULES="virtio_pci virtio_blk virtio_console" CTR_KERNEL_DIR=$modules \
			"$hooks/initramfs" "$1/tree" "$1/modules" >/dev/null &&
		mkdir -p "$1/tree/etc/ctr-init.d" &&
		cp "$here/boots_guest" "$1/tree/etc/ctr-init.d/50-disk" &&
		"$hooks/disk-image" "$1/tree" "$1/disk.img" 32M >/dev/null &&
		rm -r "$1/tree"
}

# Start QEMU. The second serial port, the monitor and the port ctr.status are files of the boot's.
machine_start() # INITRAMFS WORDS [QEMU-ARG...]
{
	initramfs=$1 words=$2
	shift 2
	case $words in
	*console=*) ;;
	*) words="console=ttyS0 $words" ;;
	esac
	if [ -n "$initramfs" ]; then
		# The kernel unpacks one archive after the other.
		cat "../$initramfs" >archive
		[ ! -d extra ] || (cd extra && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) >>archive
		set -- -initrd archive "$@"
	fi
	for pipe in console monitor; do
		mkfifo $pipe.in
		: >$pipe.out
	done
	timeout -k 5 "${CTR_VM_TIME:-240}" qemu-system-x86_64 -accel "${CTR_VM_ACCEL:-tcg}" -m 256 \
		-nodefaults -display none -no-reboot -kernel "$image" -append "quiet panic=-1 $words" \
		-chardev pipe,id=console,path=console -serial chardev:console \
		-chardev file,id=second,path=second -serial chardev:second \
		-chardev pipe,id=monitor,path=monitor -mon chardev=monitor "$@" >qemu 2>&1 &
	machine=$!
	echo $machine >pid
}

console()
{
	tr -d '\r' <console.out
}

# Opened for both, a pipe that nobody reads any more does not stop us.
type_line() # TEXT
{
	printf '%s\n' "$1" 1<>console.in
}

key() # OCTAL
{
	# shellcheck disable=SC2059 # octal it is
	printf "\\$1" 1<>console.in
}

monitor() # COMMAND
{
	printf '%s\n' "$1" 1<>monitor.in
}

# Wait until COMMAND succeeds. False: the machine ended without that.
until_true() # COMMAND [ARG...]
{
	until "$@"; do
		kill -0 "$machine" 2>/dev/null || { "$@" && return; return 1; }
		sleep 0.1
	done
}

# A whole line of the console.
until_line() # LINE, as a basic regular expression
{
	until_true says "$1"
}

check() # SENTENCE COMMAND [ARG...]
{
	sentence=$1
	shift
	if "$@" >>log 2>&1; then
		echo "ok - $kernel $name: $sentence"
	else
		echo "not ok - $kernel $name: $sentence"
		failed="$failed$sentence: $*$newline"
	fi
}

no()
{
	! "$@"
}

says() # LINE, as a basic regular expression
{
	console | grep -qx -- "$1"
}

# The lines that begin so, without that beginning, in one line.
told() # BEGINNING
{
	console | sed -n "s/^$1: *//p" | tr '\n' ' ' | sed 's/ $//'
}

equal() # IS WANTED
{
	echo "is '$1'" && [ "$1" = "$2" ]
}

# The kernel has the very last word; a program may have left its line unfinished.
status_is_last() # STATUS
{
	console | grep -v '^\[ *[0-9]*\.' | grep . | tail -n 1 | grep "ctr-init: exit status $1$"
}

machine_gone()
{
	machine=''
	rm pid
}

# The machine ends by itself, with STATUS as its last word, and as the kernel says.
machine_ends() # STATUS [poweroff|reboot]
{
	rc=0
	wait "$machine" || rc=$?
	machine_gone
	check "ends by itself" equal $rc 0
	check "its last line is exit status $1" status_is_last "$1"
	case ${2:-poweroff} in
	poweroff) check "powers off" says '.*reboot: Power down' ;;
	reboot) check "reboots" says '.*reboot: Restarting system' ;;
	esac
}

# The machine stops, but QEMU does not end.
machine_halts() # STATUS
{
	check "halts" until_line '.*reboot: System halted'
	check "its last line is exit status $1" status_is_last "$1"
	monitor 'info status'
	check "is there still" until_true grep -q 'VM status: running' monitor.out
	monitor quit
	wait "$machine" || :
	machine_gone
}

# Run one boot; what failed is followed by all that the console said.
boot() # NAME
{
	name=$1
	(
		set +e
		cd "$work/$kernel/$name" || exit
		"boot_$name"
		[ -z "$machine" ] || kill "$machine"
		check "no kernel panic" no grep -q 'Kernel panic' console.out
		[ -n "$failed" ] || exit 0
		{ printf '%s' "$failed" && cat qemu && console; } | tr -cd ' -~\n' |
			awk -v "boot=$kernel $name" '{ print "# " boot "| " $0 }'
	) || echo "not ok - $kernel $name: is looked at to its end"
	[ -n "${CTR_VM_KEEP-}" ] || rm -f "$work/$kernel/$name/archive" "$work/$kernel/$name"/disk
}
