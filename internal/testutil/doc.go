// Package testutil is what the tests of this module share: what a test requires of its machine, a
// throw-away certificate authority, the independent TLS peers it talks to, and the check that nothing
// is left behind. It knows nothing of the packages under test.
package testutil

import "time"

// Patience bounds every wait of a test for an event. A healthy run never comes near it, so it is long
// enough for a machine that is busy with something else.
const Patience = 60 * time.Second
