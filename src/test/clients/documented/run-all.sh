# Runs the scripts that are named, one after the other, and says how each went. What curl tells of its answers (see .curlrc)
# is on stderr, so a script may do with the answer what it likes.
for file in "$@"; do
    file=$(realpath "$file")
    name=$(basename "$file" .sh)
    told=$(cd "$(dirname "$file")" && bash -eu "$file" 2>&1 >/dev/null </dev/null) # what it writes stays with it
    if [ $? = 0 ] && [ "$(echo "$told" | grep -c '^HTTP 2')" -ge 1 ] && ! echo "$told" | grep -qv '^HTTP 2'; then
        echo "worked: $name"
    else
        echo "failed: $name: $told"
    fi
done
