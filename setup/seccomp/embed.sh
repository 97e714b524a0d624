#!/bin/sh
# embed.sh CTR-SECCOMP OUTPUT: the default filter as the numbers of a C array, one an instruction.
set -eu

"$1" default >"$2.bin"
od -An -v -tx8 "$2.bin" | sed 's/[0-9a-f][0-9a-f]*/0x&,/g' >"$2"
rm "$2.bin"
