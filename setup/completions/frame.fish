# The names of this user's runs, and what killed ones left.
function __ctr_setup_runs
    set -l root /run/ctr
    set -l user (id -u)
    if test $user != 0
        set root /run/user/$user/ctr
        test -n "$XDG_RUNTIME_DIR"; and set root $XDG_RUNTIME_DIR/ctr
        test -n "$XDG_RUNTIME_DIR" -o -d $root; or set root /tmp/ctr-$user
    end
    for path in $root/*/
        basename $path
    end
end

# What an argument may be, by its tokens; files are told of by fish itself.
function __ctr_setup_argument
    for token in $argv
        switch $token
            case @directories
                __fish_complete_directories (commandline -ct | string replace -r '^--[^=]*=' '')
            case @runs
                __ctr_setup_runs
            case '@*'
            case '*'
                echo $token
        end
    end
end

# Is the word that is being typed at this place: "options" (which are before the root), "verbs" (which
# are the first word), or the flags, or with a number an operand, of a verb?
function __ctr_setup_at # PLACE [NUMBER]
    set -l before (commandline -opc)[2..-1]
    if contains -- "$before[1]" $__ctr_setup_verbs
        test $argv[1] = $before[1]; or return
        set -q argv[2]; or return 0
        set -l number 0
        while set -q before[1]
            string match -q -- '-*' $before[1]; or set number (math $number + 1)
            contains -- $before[1] $__ctr_setup_takes; and set -e before[1]
            set -e before[1]
        end
        test $number = $argv[2]
        return
    end
    if test $argv[1] = verbs
        not set -q before[1]
        return
    end
    test $argv[1] = options; or return
    while set -q before[1]
        string match -qr '^--?[^-]' -- $before[1]; or return
        contains -- $before[1] $__ctr_setup_takes; and set -e before[1]
        set -e before[1]
    end
    return 0
end

# No files but where an option above asks for them.
complete -c ctr-setup -f
complete -c ctr-setup -n '__ctr_setup_at options' -a '(__ctr_setup_argument @directories)'
