#!/bin/sh
# trim - cut the section headers off a program: they are for linkers and debuggers, and here a fiftieth
# of the file. What runs is behind the program headers (elf(5)).
#
# usage: trim PROGRAM TRIMMED
set -eu
end=$(readelf -lW "$1" | awk '$1 == "LOAD" { print $2, $5 }' | while read -r offset size; do
	echo $((offset + size))
done | sort -n | tail -n 1)
head -c "$end" "$1" >"$2"
# e_shoff, and behind it e_shnum and e_shstrndx
printf '\0\0\0\0\0\0\0\0' | dd of="$2" bs=1 seek=40 conv=notrunc status=none
printf '\0\0\0\0' | dd of="$2" bs=1 seek=60 conv=notrunc status=none
chmod 755 "$2"
