# Runs the scripts that are named, one after the other, and says how each went. What curl tells of its answers (see .curlrc)
# is on stderr, so a script may do with the answer what it likes.
# Whether there is a line, and each tells of a success.
only_good() {
    [ -n "$1" ] || return 1
    while IFS= read -r line; do
        case $line in 'HTTP 2'*) ;; *) return 1 ;; esac
    done <<<"$1"
}

for file in "$@"; do
    case $file in /*) ;; *) file=$PWD/$file ;; esac
    name=${file##*/}
    name=${name%.sh}
    told=$(cd "${file%/*}" && exec bash -eu "$file" 2>&1 >/dev/null </dev/null) # what it writes stays with it
    if [ $? = 0 ] && only_good "$told"; then
        echo "worked: $name"
    else
        echo "failed: $name: $told"
    fi
done
