#!/bin/sh
# The manual pages have what the program has, and nothing else.
set -eu
cd "$1"
init=$2/ctr-init setup=$2/ctr-setup
page=docs/man/ctr-init.8 plan=docs/man/ctr-plan.5
manual=docs/man/ctr-setup.8 hooks=docs/man/ctr-rootfs-hooks.7
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Pipelines have subshells: what is to be remembered goes to a file.
complain()
{
	printf 'manuals: %s\n' "$*" | tee -a "$work/wrong"
}

# Two lists, on stdin what is and in a file what the page says, are to be the same, and not empty.
compare() # PAGE WHAT
{
	cat >"$work/is"
	[ -s "$work/is" ] || complain "$2: none found outside of $1"
	diff -u --label "what is" --label "$1" "$work/is" "$work/says" || complain "$2: see above"
}

# What is between a heading and the next.
section() # HEADING PAGE
{
	awk -v heading="$1" '/^\.S[hs] /{ inside = $0 == heading; next } inside' "$2"
}

# The names of a table of the plan's header, in its order: TABLE X("name", ... or X(ID, "name", ...
table() # TABLE
{
	awk -v start="#define $1(X)" 'index($0, start) { inside = 1; next }
		inside && !/^\tX/ { exit } inside' include/ctr/plan.h
}

# --- ctr-init(8)

section '.Sh OPTIONS' $page | sed -n 's/^\.It //p' | tr ',' '\n' |
	sed 's/^ *Fl \([^ ]*\).*/-\1/; s/^ *\(-[^ ]*\).*/\1/' | sort >"$work/says"
"$init" --help | grep '^  -' | sed 's/^  //; s/  .*//' | tr ',' '\n' |
	sed 's/^ *//; s/ .*//' | sort | compare $page options

section ".Ss The kernel's command line" $page |
	sed -n 's/^\.It Cm \(ctr\.[a-z0-9]*\).*/\1/p' | sort >"$work/says"
{
	sed -n '/ settings\[\] /,/;$/s/[^"]*"[^"]\([a-z0-9]*\).*/ctr.\1/p' init/machine.c
	sed -n 's/.*text_behind(setting, "\([a-z0-9]*\)\.").*/ctr.\1/p' init/machine.c
} | sort |
	compare $page "the words of the kernel's command line"

awk '/^\.Bd -literal/ { inside = 1; next } /^\.Ed/ { if (found) exit; inside = 0 }
	inside && /^ctr-plan / { found = 1 } inside && found' $page >"$work/says"
{
	sed -n 's/^#define CTR_PLAN_HEADER[[:space:]]*"\(.*\)".*/\1/p' include/ctr/plan.h
	awk '/^#define MACHINE_PLAN/ { inside = 1; next }
		inside { print } inside && !/\\$/ { exit }' init/machine.h |
		sed -n 's/^[[:space:]]*"\(.*[^ ]\)\\n".*/\1/p'
} | compare $page 'the plan that is built in'

# --- ctr-plan(5)

# Verbs in their order, each with the number of its fields; "*" is that more may come.
awk '/^\.Sh / { inside = $2 == "VERBS" } inside' $plan | sed -n 's/^\.It Ic //p' |
	awk '{ n = NF - 1 - ($2 == "Ar"); again = $NF == "..." ? 2 : 0
		print $1, n - again (again ? "*" : "") }' >"$work/says"
table CTR_VERBS | sed 's/.*X([A-Z]*, "\([a-z]*\)", [A-Z_]*, "\([^"]*\)").*/\1 \2/' |
	awk '{ again = sub(/\*$/, "", $2); print $1, length($2) (again ? "*" : "") }' |
	compare $plan verbs

section '.Sh MOUNT FLAGS' $plan | sed -n 's/^\.It Cm //p' >"$work/says"
table CTR_MOUNT_FLAGS | sed 's/.*X("\([a-z]*\)".*/\1/' | compare $plan 'mount flags'

section '.Sh RESOURCE LIMITS' $plan | sed -n 's/^\.It Cm //p' >"$work/says"
table CTR_RLIMITS | sed 's/.*X("\([a-z]*\)".*/\1/' | compare $plan 'resource limits'

for limit in CTR_PLAN_MAX CTR_PLAN_LINES_MAX CTR_PLAN_FIELDS_MAX; do
	value=$(($(sed -n "s/^[[:space:]]*$limit = \([^,]*\),.*/\1/p" include/ctr/plan.h)))
	section '.Ss Limits' $plan | grep -qw "$value" ||
		complain "$limit: $plan does not say $value"
done

# --- ctr-setup(8)

# The same with its subsections.
sections() # HEADING PAGE
{
	awk -v heading=".Sh $1" '/^\.Sh / { inside = $0 == heading } inside' "$2"
}

# Each with "..." when it has an argument, and "=..." when that may be left out.
sections OPTIONS $manual | sed -n 's/^\.It Fl //p' |
	sed 's/^-/--/; s/^\([a-z]\) , Fl -/-\1, --/; s/ Ns Op = .*/=.../; s/ [AC][rm] .*/ .../' |
	sort >"$work/says"
"$setup" --help | grep -E '^  -' | sed 's/^  //; s/   *.*//; s/\[=.*/=.../; s/\(--[^ ]*\) .*/\1 .../' |
	sort | compare $manual options

section '.Sh VERBS' $manual | sed -n 's/^\.It Ic \([a-z]*\).*/\1/p' >"$work/says"
"$setup" --help | awk '/^Verbs/ { inside = 1; next } /^$/ { inside = 0 } inside' |
	sed -n 's/^  \([a-z][a-z]*\).*/\1/p' | compare $manual verbs

section '.Sh EXPLAIN' $manual | grep -oE '^[0-9]+ [a-z]+' >"$work/says"
sed -n 's/^\tX([A-Z]*, \([0-9]*\), "\([a-z]*\)").*/\1 \2/p' include/ctr/stage.h |
	grep -vE 'machine|end' | compare $manual "the stages of a container"

# --- ctr-rootfs-hooks(7): hooks, as they tell their usage, and their variables

sections HOOKS $hooks | grep -A 1 '^\.Ss ' | sed -n 's/^\.Dl //p' | sort >"$work/says"
for hook in rootfs-hooks/*; do
	[ ! -x "$hook" ] || sed -n 's/^# usage: \(\[CTR_.*\] \)\{0,1\}//p' "$hook"
done | sort | compare $hooks hooks

section '.Sh ENVIRONMENT' $hooks | sed -n 's/^\.It Ev //p' >"$work/says"
grep -ohE '\$\{?(BUSYBOX|CTR_[A-Z0-9_]+|SOURCE_DATE_EPOCH|http_proxy)\b' rootfs-hooks/* | tr -d '{$' |
	LC_ALL=C sort -u | compare $hooks 'variables of the environment'

# Where meson(1) installs them, less the prefix, is where the pages say that they are.
place=$(meson introspect --installed "$2" | tr ',' '\n' |
	sed -n 's,.*/rootfs-hooks": "\(.*/rootfs-hooks\)".*,\1,p')
prefix=$(meson introspect --buildoptions "$2" | tr '{' '\n' |
	sed -n 's/.*"name": "prefix", "value": "\([^"]*\)".*/\1/p')
place=${place#"$prefix"}
{
	sed -n 's,^\.Pa \([a-z/]*/rootfs-hooks\)$,/usr/local/\1,p' $hooks
	grep -ohE '/usr[a-z/]*/rootfs-hooks' README.md docs/*.md docs/man/*
} | sed 's,^/usr/local/,/,' | sort -u >"$work/says"
echo "$place" | compare "$hooks and others" 'the path of installed hooks'

# --- the form of all

if command -v mandoc >/dev/null; then
	# Whether another's page is installed here is no matter of ours.
	mandoc -Tlint $page $plan $manual $hooks 2>/dev/null |
		grep -v 'STYLE: referenced manual not found' >"$work/lint" || :
	! grep . "$work/lint" || complain 'mandoc -Tlint is not silent'
elif [ "${CTR_MUST_WORK-0}" = 1 ]; then
	complain 'there is no mandoc to check the form: install the package mandoc'
else
	echo 'manuals: the form was not checked: there is no mandoc (install the package mandoc)'
fi
[ ! -s "$work/wrong" ]
