#!/bin/sh
# Each header compiles alone; setup/ and init/ never include each other, stages no other stage.
set -eu
cd "$1"
wrong=0

for header in include/ctr/*.h setup/*.h setup/*/*.h init/*.h tests/*/*.h; do
	[ -f "$header" ] || continue
	printf '#include "%s"\nint nothing;\n' "$PWD/$header" |
		cc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -Iinclude -Isetup -Itests/fake \
			-fsyntax-only -x c - || wrong=1
done
if grep -rn '#include ".*setup/' init/ || grep -rn '#include ".*init/' setup/; then
	echo 'headers: setup/ and init/ include each other'
	wrong=1
fi
exit $wrong
