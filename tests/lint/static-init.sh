#!/bin/sh
# ctr-init is complete by itself, small, also in memory, and has no executable stack: T-ELF-1.
set -eu
init=$2/ctr-init
wrong=0

if readelf -lW "$init" | grep -E 'INTERP|DYNAMIC'; then
	echo 'static-init: a loader of the hostile root would run'
	wrong=1
fi
if readelf -dW "$init" | grep NEEDED; then
	echo 'static-init: a library of the hostile root would be loaded'
	wrong=1
fi
readelf -lW "$init" | grep -q 'GNU_STACK.* RW ' || { echo 'static-init: executable stack'; wrong=1; }
if readelf -lW "$init" | grep -E 'LOAD.* RWE '; then
	echo 'static-init: memory that can be written and executed'
	wrong=1
fi
size=$(wc -c <"$init")
[ "$size" -le 28672 ] || { echo "static-init: $size bytes, more than 28 KiB"; wrong=1; }
# What stays in memory while a payload runs is to be one page: stage 95.
readelf -SW "$init.linked" | sed -n 's/.* resident *PROGBITS *\([0-9a-f]*\) [0-9a-f]* \([0-9a-f]*\) .*/\1 \2/p' |
	{
		read -r address length
		[ $((0x$address / 4096)) -eq $(((0x$address + 0x$length - 1) / 4096)) ]
	} || { echo 'static-init: the resident code is on two pages'; wrong=1; }
exit $wrong
