// Package launch starts a program under a supervisor so that it looks as if it had been started directly. It
// knows processes, signals and terminals; what the supervisor does with the calls it receives is given to it.
//
// Three processes come of one command:
//
//  1. The front is the process that was started. It stands for the program: it forwards the signals meant for
//     the program, stops when the program stops, and ends as the program ends.
//  2. The supervisor is its child. It is the parent of the program and a subreaper, so that all of the tree
//     stay its descendants, and lives until the last of them has ended.
//  3. The program is a child of the supervisor, in the process group and session of the front. Before it
//     executes the command it installs the filter, hands the listener to the supervisor, and tries one
//     trapped call.
package launch
