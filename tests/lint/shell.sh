#!/bin/sh
# No shell script has a finding of shellcheck(1).
set -eu
cd "$1"
git ls-files | while read -r file; do
	if [ -f "$file" ] && head -n 1 "$file" | grep -qE '^#!/bin/(ba)?sh|^# shellcheck shell='; then
		printf '%s\n' "$file"
	fi
done | xargs shellcheck -x
