// Package ca makes certificates for tests, sound ones and every kind of defective one, what says that they are revoked,
// and the servers that tell so: all on the loopback address, each as slow, wrong, silent or hostile as a test wants.
// It knows nothing of the packages under test.
package ca
