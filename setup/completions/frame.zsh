
# The names of this user's runs, and what killed ones left.
_ctr_setup_runs() {
	local root=/run/ctr

	if (( EUID )); then
		root=${XDG_RUNTIME_DIR:-/run/user/$EUID}/ctr
		[[ -n $XDG_RUNTIME_DIR || -d $root ]] || root=/tmp/ctr-$EUID
	fi
	compadd -- $root/*(N/:t)
}

# What an argument may be, by its tokens.
_ctr_setup_argument() {
	local -a names=(${@:#@*}) more

	[[ $* != *@more* ]] || more=(-S '')
	(( ! $#names )) || compadd "${more[@]}" -- $names
	[[ $* != *@files* ]] || _files "${more[@]}"
	[[ $* != *@directories* ]] || _files -/
	[[ $* != *@runs* ]] || _ctr_setup_runs
	(( compstate[nmatches] ))
}

_ctr_setup_root() {
	(( CURRENT > 2 )) || _describe verb verbs
	_files -/
}

if (( CURRENT > 2 && $verbs[(I)${(b)words[2]}:*] )); then
	shift words
	(( CURRENT-- ))
	_arguments : --help $operands
else
	_arguments -S -A '-*' : $options '1:ROOTFS: _ctr_setup_root' '*::COMMAND: '
fi
