# shellcheck shell=sh
# boots_list.sh - what is booted and what is then to be seen; sourced by boots. The name of each
# function boot_NAME is a boot's.
#
# shellcheck disable=SC2154 # what boots and boots_machine.sh set


# A file of the initramfs, its text on stdin.
extra() # MODE PATH
{
	mkdir -p "extra$(dirname "$2")"
	cat >"extra$2"
	chmod "$1" "extra$2"
}

hook() # NAME, the script is on stdin
{
	extra 755 "/etc/ctr-init.d/$1"
}

port='-chardev file,id=port,path=port -device virtio-serial -device virtserialport,name=other
	-device virtserialport,name=ctr.status,chardev=port'

# The built-in plan, and what the kernel's command line adds to it.

boot_facts()
{
	# shellcheck disable=SC2086 # words
	machine_start modules "unknown=variable single ctr.env.A=1 ctr.env.B=\"two words\"$(printf '\t')ctr.env.A=3 \
ctr.env.TERM=dumb ctr.hostname=box ctr.exec=\"/guest facts one\" ctr.report=ctr.status -- \"two  words\" ctr.exec=three" \
		$port
	machine_ends 3
	check "/proc" says 'mount: /proc proc proc rw,nosuid,nodev,noexec,relatime'
	check "/sys" says 'mount: /sys sysfs sysfs rw,nosuid,nodev,noexec,relatime'
	check "/dev" says 'mount: /dev devtmpfs dev rw,nosuid,.*mode=755.*'
	check "/dev/pts" says 'mount: /dev/pts devpts devpts rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666'
	check "/dev/shm" says 'mount: /dev/shm tmpfs shm rw,nosuid,nodev,relatime.*'
	check "/run" says 'mount: /run tmpfs run rw,nosuid,nodev,relatime.*mode=755.*'
	check "/tmp" says 'mount: /tmp tmpfs tmp rw,nosuid,nodev,relatime.*'
	check "/sys/fs/cgroup" says 'mount: /sys/fs/cgroup cgroup2 cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate'
	check "no other mounts" equal "$(console | grep '^mount:' | grep -vc ': / ')" 8
	check "each is mounted once" says 'places: '
	check "modes of what all may write" says 'shared: 1777 1777 755 666 '
	check "PID 1" says 'init: init of /init'
	check "the payload is its child" says 'pid: [0-9]* of 1'
	check "host name" says 'host: box'
	check "descriptors in /dev" says \
		'links: /proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 '
	check "loopback is up" says 'lo: LOOPBACK,UP,LOWER_UP inet 127.0.0.1/8 '
	check "loopback answers" says 'ping: alive'
	check "PATH" says 'env: PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
	check "HOME" says 'env: HOME=/'
	check "TERM, which a word replaces" says 'env: TERM=dumb'
	check "the kernel's unknown words" says 'env: unknown=variable'
	check "ctr.env, the last counts" says 'env: A=3'
	check "ctr.env with a space" says 'env: B=two words'
	check "each variable once" equal "$(console | sed -n 's/^env: \(.*\)=.*/\1/p' | sort | uniq -d)" ''
	check "arguments, with those behind --" equal "$(told argument)" "'one' 'two  words' 'ctr.exec=three'"
	check "orphans are reaped" says 'zombies: 0'
	check "umask" says 'umask: 0022'
	check "working directory" says 'directory: /'
	check "a terminal" says 'terminal: /dev/console'
	check "a session of its own" says 'session: 1'
	check "no descriptor but 0, 1, 2" no says 'descriptor: .*'
	check "no signal blocked or ignored" says 'blocked:  ignored: '
	check "cgroups of version 2" says 'cgroup: 2'
	check "status to a virtio port by name" equal "$(cat port)" 3
}

boot_exec64()
{
	# shellcheck disable=SC2016 # the inner shell's
	words=$(printf '/bin/sh\0-c\0echo "$1"; kill -TERM $$\0name\0two  "words"\0' | base64 -w 0)
	machine_start plain "ctr.exec64=$words ctr.report=/dev/ttyS1"
	machine_ends 143
	check "words with spaces and quotes" says 'two  "words"'
	check "status to a serial port by path" equal "$(tr -d '\r' <second)" 143
}

boot_missing()
{
	machine_start plain 'ctr.exit=poweroff ctr.report=nosuch -- /not/there'
	machine_ends 127
	check "says that there is no place for the status" says 'ctr-init: cannot find ctr.report=nosuch'
	check "says what is missing" says 'ctr-init: 90 payload: cannot execute /not/there: No such file or directory'
}

# Its interpreter is ctr-init, whose command is the script.
boot_itself()
{
	extra 755 /itself <<-'EOS'
		#!/proc/self/exe
	EOS
	machine_start plain '-- /itself'
	machine_ends 126
	check "says what is refused" says 'ctr-init: cannot execute /itself: Too many levels of symbolic links'
}

# The kernel finds no console to open for its init.
boot_no_console()
{
	machine_start plain 'console=hvc0 ctr.report=/dev/ttyS1 -- /guest descriptors'
	rc=0
	wait "$machine" || rc=$?
	machine_gone
	check "ends by itself" equal $rc 0
	check "the payload has descriptors 0, 1, 2" equal "$(tr -d '\r' <second)" 6
}

boot_unknown_word()
{
	machine_start plain 'ctr.hostname=box ctr.xyz=1 ctr.exec=/guest'
	machine_ends 125
	check "names the word" says "ctr-init: 60 handover: cannot understand 'ctr.xyz=1' on the kernel's command line"
}

# Type a command that is in the foreground when it says so.
job_start() # SECONDS
{
	type_line "sh -c 'echo \"job: \$0\"; exec sleep \$0' $1"
	until_line "job: $1"
}

# The built-in payload is a shell on the console; with the keys of a terminal.
boot_shell()
{
	machine_start plain 'ctr.exit=reboot'
	check "a prompt" until_true grep -q '/ # ' console.out
	job_start 100
	key 003
	# shellcheck disable=SC2016 # the machine's
	type_line 'echo "slept: $?"'
	check "^C interrupts" until_line 'slept: 130'
	job_start 101
	key 032
	check "^Z stops" until_line '.*Stopped .*'
	type_line fg
	until_line 'sh -c .*'
	key 003
	# shellcheck disable=SC2016 # the machine's
	type_line 'echo "went on: $?"; jobs'
	check "fg goes on" until_line 'went on: 130'
	check "has job control" no grep -q 'job control turned off' console.out
	type_line 'sleep 102 &'
	type_line exit
	machine_ends 0 reboot
}

# A program that leaves its terminal as it is cannot be stopped, as nothing could make it go on.
boot_no_shell()
{
	machine_start plain '-- /guest no_shell'
	until_line 'no_shell: runs'
	key 032
	key 003
	check "^Z does nothing, ^C interrupts" until_line '.*no_shell: interrupted'
	key 003
	machine_ends 130
}

boot_exit_halt()
{
	machine_start plain 'ctr.exit=halt -- true'
	machine_halts 0
}

# Orders from inside and outside.

order_obeyed() # poweroff|reboot
{
	machine_ends 7 "$1"
	check "the payload gets TERM" says 'payload: TERM'
	check "so does a process in the background" says 'background: TERM'
	check "another has its time" test "$(console | sed -n '/^payload: TERM/,$p' | grep -c '^stubborn: lives')" -gt 0
}

boot_poweroff()
{
	machine_start plain 'ctr.grace=1 ctr.exit=reboot -- /guest terminates poweroff'
	order_obeyed poweroff
}

boot_reboot()
{
	machine_start plain 'ctr.grace=1 -- /guest terminates reboot'
	order_obeyed reboot
}

boot_halt()
{
	machine_start plain 'ctr.grace=1 -- /guest terminates halt'
	machine_halts 7
}

boot_power_fails()
{
	machine_start plain 'ctr.grace=1 ctr.exit=reboot -- /guest terminates kill -PWR 1'
	order_obeyed poweroff
}

boot_keys()
{
	machine_start plain 'ctr.grace=600 -- /guest terminates'
	until_line 'terminates: ready'
	monitor 'sendkey ctrl-alt-delete'
	check "Ctrl-Alt-Del is an order" until_line 'payload: TERM'
	sleep 1
	check "and gives time" kill -0 "$machine"
	monitor 'sendkey ctrl-alt-delete'
	machine_ends 7 reboot
}

# A shell that waits for its user does not heed TERM; nobody has to wait for it.
boot_keys_idle()
{
	machine_start plain 'ctr.grace=600'
	until_true grep -q '/ # ' console.out
	monitor 'sendkey ctrl-alt-delete'
	machine_ends 129 reboot
}

boot_stopped()
{
	machine_start plain '-- /guest stops'
	machine_ends 0
	check "one that was stopped gets TERM" says 'stopped: TERM'
}

# Hooks.

boot_hooks()
{
	for file in 30-c 10-a 20-b; do
		hook $file <<-'EOS'
			#!/bin/sh
			echo "hook: $1 $(basename $0) $# $(cat /proc/$$/comm)"
			[ "$(basename $0)$1" != 10-astop ]
		EOS
	done
	extra 644 /etc/ctr-init.d/15-not-executable <<-'EOS'
		#!/bin/sh
		echo "hook: not executable"
	EOS
	mkdir extra/etc/ctr-init.d/25-directory
	ln -s /bin/nothing extra/etc/ctr-init.d/26-dangling
	machine_start plain '-- echo payload'
	machine_ends 0
	check "start in order, stop in reverse" equal "$(console | grep '^hook: \|^payload' | cut -d ' ' -f 2,3 | tr '\n' ' ')" \
		"start 10-a start 20-b start 30-c payload stop 30-c stop 20-b stop 10-a "
	check "one that fails to stop is named" says 'ctr-init: the hook /etc/ctr-init.d/10-a failed to stop'
}

hook_fails()
{
	for file in 10-a 30-c; do
		hook $file <<-'EOS'
			#!/bin/sh
			echo "hook: $1 $(basename $0)"
		EOS
	done
	hook 20-b <<-'EOS'
		#!/bin/sh
		echo "hook: $1 $(basename $0)"
		[ $1 = stop ] || exit 42
	EOS
}

boot_hook_fails()
{
	hook_fails
	machine_start plain '-- echo payload'
	machine_ends 125
	check "named, with its status" says 'ctr-init: 82 machine: .* the hook /etc/ctr-init.d/20-b.* status 42.*'
	check "no later one, no payload; who was started is stopped" equal "$(told hook)" \
		"start 10-a start 20-b stop 20-b stop 10-a"
	check "no payload" no says payload
}

boot_emergency()
{
	hook_fails
	machine_start plain 'ctr.emergency=/bin/sh -- echo payload'
	check "says so" until_line 'ctr-init: emergency: /bin/sh'
	check "a shell on the console" until_true grep -q '/ # ' console.out
	# shellcheck disable=SC2016 # the machine's
	type_line 'echo "shell: $((6 * 7))"; tty'
	check "answers" until_line 'shell: 42'
	check "on the console" until_line '/dev/console'
	job_start 100
	key 003
	# shellcheck disable=SC2016 # the machine's
	type_line 'echo "slept: $?"'
	check "^C interrupts" until_line 'slept: 130'
	check "has job control" no grep -q 'job control turned off' console.out
	type_line 'exit 4'
	machine_ends 125
}

boot_emergency_keys()
{
	hook_fails
	machine_start plain 'ctr.emergency=/bin/sh ctr.grace=1'
	until_true grep -q '/ # ' console.out
	type_line '(sleep 0.1 &); sleep 1; /guest zombies'
	check "orphans are reaped" until_line 'zombies: 0'
	monitor 'sendkey ctrl-alt-delete'
	machine_ends 125 reboot
}

boot_hook_hangs()
{
	hook 10-hangs <<-'EOS'
		#!/bin/sh
		[ $1 = stop ] && exit
		echo "hook: hangs"
		exec sleep 1000
	EOS
	machine_start plain 'ctr.emergency=/bin/sh -- echo payload'
	until_line 'hook: hangs'
	monitor 'sendkey ctrl-alt-delete'
	machine_ends 143 reboot
	check "no payload" no says payload
}

# Plans.

boot_plan()
{
	extra 644 /etc/ctr-init.plan <<-'EOS'
		ctr-plan 1
		mount proc proc /proc - -
		mount tmpfs some\040where /mnt/deep/place ro,noexec size=4k
		mount devtmpfs dev /dev nosuid -
		hostname planned
		hooks /hooks
		rlimit nofile 99 99
		user 1000 1001 5 6
		workdir /mnt
		env K=planned
		env PATH=/bin:/
		exec /not/there
		exec guest planned with\040a\040space
	EOS
	extra 755 /hooks/only <<-'EOS'
		#!/bin/sh
		echo "hook: $1 $(id -u)"
	EOS
	hook 10-built-in <<-'EOS'
		#!/bin/sh
		echo "hook: built-in"
	EOS
	machine_start plain 'ctr.env.K=word ctr.report=/dev/ttyS1'
	machine_ends 0
	check "its user" says 'ids: 1000 1001 5 6'
	check "its working directory" says 'directory: /mnt'
	check "its host name" says 'host: planned'
	check "its limit" says 'limit: 99'
	check "its mounts" says 'mount: some.040where /mnt/deep/place tmpfs ro,noexec,relatime,size=4k.*'
	check "and no others" no says 'mount: .* /run tmpfs .*'
	check "its command, found in its PATH" says "argument: 'with a space'"
	check "a word of the kernel's before its variable" says 'env: K=word'
	check "its hooks, which are root" equal "$(told hook)" "start 0 stop 0"
	check "status to a serial port" equal "$(tr -d '\r' <second)" 0
}

boot_plan_broken()
{
	extra 644 /etc/ctr-init.plan <<-'EOS'
		ctr-plan 1
		mount proc proc /proc - -
		mont sysfs sysfs /sys - -
		exec /bin/sh
	EOS
	machine_start plain 'ctr.report=/dev/ttyS1'
	machine_ends 125
	check "names the line" says 'ctr-init: 60 handover: cannot understand the plan: Invalid argument (line 3 of the plan)'
}

boot_step_fails()
{
	extra 644 /etc/ctr-init.plan <<-'EOS'
		ctr-plan 1
		mount proc proc /proc - -
		mount devtmpfs dev /dev - -
		mount nosuch none /mnt - -
		hooks /etc/ctr-init.d
		exec echo payload
	EOS
	hook 10-a <<-'EOS'
		#!/bin/sh
		echo "hook: $1"
	EOS
	machine_start plain 'ctr.exit=halt ctr.exit=poweroff ctr.emergency=/not/there'
	machine_ends 125
	check "says stage, reason and line" says \
		'ctr-init: 70 mounts: cannot mount nosuch on /mnt: No such device (line 4 of the plan)'
	check "says that there is no emergency program" says \
		'ctr-init: 90 payload: cannot execute /not/there: No such file or directory'
	check "no hook was started or stopped" equal "$(told hook)" ''
}

# Disks.

disk_is_clean() # FILE-OF-DISK
{
	cp disk checked && e2fsck -fn checked && dumpe2fs -h checked >super &&
		grep 'Filesystem state: *clean$' super && grep 'has_journal' super &&
		no grep 'needs_recovery' super
}

drive()
{
	cp --sparse=always ../disk.img disk
	echo '-drive if=none,id=disk,format=raw,file=disk'
}

disk_was_left_well()
{
	check "nothing is mounted twice" says 'places: '
	check "what was mounted below" says 'below: mounted'
	check "the file system is clean" disk_is_clean
	check "and has what was written" equal "$(debugfs -R 'cat /held' disk 2>/dev/null | sort -u)" text
	check "hooks of the disk" equal "$(told 'hook of the disk')" "start stop"
}

boot_disk()
{
	hook 99-last <"$here/boots_guest"
	head -c 40000000 /dev/zero | extra 644 /ballast
	# shellcheck disable=SC2046 # words
	machine_start modules 'ctr.root=/dev/vda ctr.grace=1 ctr.hostname=box ctr.exec="/guest disk"' \
		$(drive) -device virtio-blk-pci,drive=disk
	machine_ends 5
	check "the disk is the root" says 'root: /dev/vda ext4 rw'
	check "ctr-init is still itself" says 'init: init of /init (deleted)'
	check "has the files of the disk" equal "$(told files)" \
		"bin dev etc guest lost+found mnt proc run sbin sys tmp"
	check "the initramfs is empty" test $(($(told free) - $(told before))) -gt 30
	check "nor are its hooks stopped" no says 'hook of the initramfs: .*'
	disk_was_left_well
}

# A disk that is write-protected, in a machine that cannot switch itself off.
boot_disk_readonly()
{
	drive >/dev/null
	for directory in dev proc run sys tmp; do
		debugfs -w -R "mkdir /$directory" disk >/dev/null 2>&1
	done
	machine_start modules 'ctr.root=/dev/vda ctr.rootflags=nodelalloc ctr.exec="/guest protected"' \
		-no-acpi -drive if=none,id=disk,format=raw,file=disk,readonly=on -device virtio-blk-pci,drive=disk
	machine_ends 6 reboot
	check "it is said" says 'ctr-init: /dev/vda is read-only, and so is the root'
	check "the disk is the root" says 'root: /dev/vda ext4 ro,.*nodelalloc.*'
}

# By what is written on it, behind a disk that says of itself whatever it likes.
boot_disk_uuid()
{
	drive >/dev/null
	tune2fs -U 12345678-9abc-def0-1122-334455667788 -L decoy disk >/dev/null 2>&1
	head -c 1048576 /dev/zero | tr '\0' '\377' >decoy
	machine_start modules 'ctr.root=UUID=12345678-9abc-def0-1122-334455667788 ctr.exec="/guest disk"' \
		-drive if=none,id=decoy,format=raw,file=decoy -device virtio-blk-pci,drive=decoy \
		-drive if=none,id=disk,format=raw,file=disk -device virtio-blk-pci,drive=disk
	machine_ends 5
	check "the disk is the root" says 'root: /dev/vdb ext4 rw'
	disk_was_left_well
}

boot_disk_partuuid()
{
	drive >/dev/null
	# An MBR: at 440 the id of the disk, at 462 its second partition, of 64 MiB from sector 2048.
	truncate -s 65M table
	printf '\170\126\064\022' | dd of=table bs=1 seek=440 conv=notrunc status=none
	printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\0\002\0' | dd of=table bs=1 seek=462 conv=notrunc status=none
	printf '\125\252' | dd of=table bs=1 seek=510 conv=notrunc status=none
	dd if=disk of=table bs=1M seek=1 conv=notrunc,sparse status=none
	machine_start modules 'ctr.root=PARTUUID=12345678-02 ctr.exec="/guest disk"' \
		-drive if=none,id=disk,format=raw,file=table -device virtio-blk-pci,drive=disk
	machine_ends 5
	check "the partition is the root" says 'root: /dev/vda2 ext4 rw'
}

# As Debian's initramfs does it: /proc and the like are mounted already.
boot_disk_switched()
{
	extra 755 /start <<-'EOS'
		#!/bin/sh
		mkdir -p /proc /sys /dev /run /root
		mount -t proc -o nosuid,nodev,noexec proc /proc
		mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
		mount -t devtmpfs -o nosuid udev /dev
		mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
		echo kept >/run/kept
		for module in /ctr-modules/*.ko; do insmod $module; done
		mount -t ext4 /dev/vda /root
		for place in proc sys dev run; do mkdir -p /root/$place; mount --move /$place /root/$place; done
		exec switch_root /root /sbin/ctr-init
	EOS
	# shellcheck disable=SC2046 # words
	machine_start modules 'rdinit=/start ctr.grace=1 ctr.exec="/guest disk"' \
		$(drive) -device virtio-blk-pci,drive=disk
	machine_ends 5
	check "the disk is the root" says 'root: /dev/vda ext4 rw'
	check "PID 1" says 'init: ctr-init of /sbin/ctr-init'
	check "/run is still the same" says 'kept: kept'
	disk_was_left_well
}

# The one disk that these kernels have built in.
boot_disk_alone()
{
	# shellcheck disable=SC2046 # words
	machine_start '' 'root=/dev/nvme0n1 rw init=/sbin/ctr-init ctr.grace=1 ctr.root=/dev/other ctr.exec="/guest disk"' \
		$(drive) -device nvme,drive=disk,serial=1
	machine_ends 5
	check "the disk is the root" says 'root: /dev/root ext4 rw'
	check "PID 1" says 'init: ctr-init of /sbin/ctr-init'
	disk_was_left_well
}

boot_disk_missing()
{
	machine_start plain 'ctr.root=LABEL=nosuch -- echo payload'
	machine_ends 125
	check "says so" says 'ctr-init: 82 machine: cannot mount LABEL=nosuch as ext4: No such file or directory'
}

boot_disk_strange()
{
	# shellcheck disable=SC2046 # words
	machine_start modules 'ctr.root=/dev/vda ctr.rootfstype=nosuch -- echo payload' \
		$(drive) -device virtio-blk-pci,drive=disk
	machine_ends 125
	check "says so" says 'ctr-init: 82 machine: cannot mount /dev/vda as nosuch: No such device'
}

# A pid namespace is not a machine.
boot_namespace()
{
	machine_start plain 'ctr.exec="/guest namespace"'
	machine_ends 0
	check "--vm in a pid namespace runs its command" says 'inner: pid [0-9]* of 1'
	check "and ends with its status" says 'namespace: status 9'
	check "leaving the outer root as it was" says 'namespace: the root is still writable'
	check "and its mounts" says 'namespace: mounts are still there'
	check "--vm needs to be PID 1" says 'ctr-init: --vm: not PID 1'
	check "or ends with 125" says 'second: status 125'
}
