# Edits of a port, each of which must fit in exactly one place: a source that has changed is not half ported.

# place FILE TEXT: the number of the one line that contains TEXT.
place() {
	local lines
	lines=$(grep -nF -- "$2" "$1" | cut -d: -f1)
	if [ "$(wc -w <<<"$lines")" != 1 ]; then
		echo "ports: $1: not exactly one line contains \"$2\"" >&2
		exit 1
	fi
	echo "$lines"
}

# after FILE TEXT: inserts standard input behind the line that contains TEXT.
after() {
	local line
	line=$(place "$1" "$2")
	sed -i "${line}r /dev/stdin" "$1"
}

# before FILE TEXT: inserts standard input in front of the line that contains TEXT.
before() {
	local line
	line=$(place "$1" "$2")
	sed -i "$((line - 1))r /dev/stdin" "$1"
}

# replace FILE OLD NEW: puts NEW for OLD, on the line that contains it.
replace() {
	local line
	line=$(place "$1" "$2")
	OLD=$2 NEW=$3 LINE=$line perl -pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/ if $. == $ENV{LINE}' "$1"
}

# append FILE: adds standard input at its end.
append() { cat >>"$1"; }
