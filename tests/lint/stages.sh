#!/bin/sh
# The stage list of include/ctr/stage.h, the files in stages/ folders, the first lines of these
# files and the tables of setup/stage.c agree.
set -eu
cd "$1"
wrong=0

complain()
{
	printf 'stages: %s\n' "$*"
	wrong=1
}

list=$(sed -n 's/^\tX(\([A-Z]*\), \([0-9]*\), "\([a-z]*\)").*/\2_\3/p' include/ctr/stage.h)
[ -n "$list" ] || complain 'no stage found in include/ctr/stage.h'
[ "$list" = "$(printf '%s\n' "$list" | sort -n)" ] || complain 'the list is not in order'

for stage in $list; do
	set -- setup/stages/"$stage".c init/stages/"$stage".c
	[ -f "$1" ] || [ -f "$2" ] || complain "no file implements $stage"
done
for file in setup/stages/*.c init/stages/*.c; do
	stage=$(basename "$file" .c)
	printf '%s\n' "$list" | grep -qx "$stage" || complain "$file is not in the list"
	head -n 1 "$file" | grep -q "^/\* ${stage%%_*} ${stage#*_}: " ||
		complain "$file does not begin with its number and name"
done
for file in setup/stages/*.c; do
	stage=$(basename "$file" .c)
	name=${stage#*_}
	id=$(printf '%s' "$name" | tr '[:lower:]' '[:upper:]')
	grep -q "CTR_STAGE_$id, ${name}_enter" setup/stage.c || complain "$name is not in setup/stage.c"
done
if git grep -nE '(include|enter|leave)[^"]*[0-9]{2}_' -- 'setup/*.c' 'init/*.c' 'setup/*.h' 'init/*.h'; then
	complain 'a stage number in an identifier or include'
fi
exit $wrong
