#!/bin/sh
# ctr-init is complete by itself, small, and has no executable stack: T-ELF-1.
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
[ "$size" -le 24576 ] || { echo "static-init: $size bytes, more than 24 KiB"; wrong=1; }
exit $wrong
