package plugin

// Decode reads one line of a plugin and gives the identifier, the word and the reason.
func Decode(line []byte) (id uint64, a answer, err error) {
	a, err = decode(line)
	return a.ID, a, err
}
