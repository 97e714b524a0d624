# shellcheck shell=bash disable=SC2154 # the lists and _ctr_setup_tokens stand before this

# Bash cuts words at "=" and ":", too (COMP_WORDBREAKS): what no space separates is one word again.
_ctr_setup_words()
{
	local i piece space rest=$COMP_LINE

	for ((i = 0; i <= COMP_CWORD; i++)); do
		piece=${COMP_WORDS[i]}
		space=${rest%%[![:space:]]*}
		rest=${rest#*"$piece"}
		if ((i > 0)) && [[ -z $space ]]; then
			words[${#words[@]} - 1]+=$piece
		else
			words+=("$piece")
		fi
	done
}

# The names of this user's runs, and what killed ones left.
_ctr_setup_runs()
{
	local root=/run/ctr path

	if ((EUID)); then
		root=${XDG_RUNTIME_DIR:-/run/user/$EUID}/ctr
		[[ -n $XDG_RUNTIME_DIR || -d $root ]] || root=/tmp/ctr-$EUID
	fi
	for path in "$root"/*/; do
		path=${path%/}
		[[ ! -d $path ]] || printf '%s\n' "${path##*/}"
	done
}

# What begins as the argument does, of these tokens.
_ctr_setup_reply() # ARGUMENT
{
	local list='' token

	for token in $tokens; do
		case $token in
		@files) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$1") ;;
		@directories) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$1") ;;
		@runs) list+=" $(_ctr_setup_runs)" ;;
		@more) compopt -o nospace ;;
		*) list+=" $token" ;;
		esac
	done
	[[ $tokens != *@[fd]* ]] || compopt -o filenames
	mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$list" -- "$1")
}

# Behind a verb: its flags, and its operands by their numbers.
_ctr_setup_verb()
{
	local i place=1 word=${words[last]} tokens=

	for ((i = 2; i < last; i++)); do
		case ${words[i]} in
		-*) ! _ctr_setup_tokens "${words[1]}:${words[i]}" || ((i++)) ;;
		*) ((place++)) ;;
		esac
	done
	case $word in
	--*=*) place=${word%%=*} word=${word#*=} ;;
	-*) place=flags ;;
	*) ((i == last)) || place=${words[last - 1]} ;;
	esac
	_ctr_setup_tokens "${words[1]}:$place" && _ctr_setup_reply "$word"
}

# Does the root stand among the words before the last one? Else, is that an option's argument?
_ctr_setup_place()
{
	local i tokens

	for ((i = 1; i < last; i++)); do
		option=
		case ${words[i]} in
		--) place=root && ((++i < last)) && place='command' && return ;;
		--*=* | -[!-]*) ;;
		--*) ! _ctr_setup_tokens "${words[i]}" || { option=${words[i]} && ((i++)); } ;;
		*) place='command' && return ;;
		esac
	done
	((i == last)) && option=
	[[ -z $option ]] || place=argument
}

_ctr_setup()
{
	local -a words
	local last place=root option='' tokens=''

	COMPREPLY=()
	_ctr_setup_words
	last=$((${#words[@]} - 1))
	if ((last > 1)) && [[ " $_ctr_setup_verbs" == *" ${words[1]} "* ]]; then
		_ctr_setup_verb
		return
	fi
	_ctr_setup_place
	case $place:${words[last]} in
	command:*) ;;
	argument:*) _ctr_setup_tokens "$option" && _ctr_setup_reply "${words[last]}" ;;
	root:--*=*)
		option=${words[last]%%=*}
		{ _ctr_setup_tokens "$option" || _ctr_setup_tokens "$option="; } &&
			_ctr_setup_reply "${words[last]#*=}"
		;;
	root:-*) tokens=$_ctr_setup_options && _ctr_setup_reply "${words[last]}" ;;
	*)
		tokens=@directories
		((last > 1)) || tokens+=" $_ctr_setup_verbs"
		_ctr_setup_reply "${words[last]}"
		;;
	esac
}

complete -F _ctr_setup ctr-setup
