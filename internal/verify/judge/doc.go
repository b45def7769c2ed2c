// Package judge is what all judges of certificates have in common: the question they are asked, the verdict they
// give, and the interface between them and the panel that asks. It is pure types; it knows no judge, no policy and
// no connection.
//
// How a judge behaves:
//
//  1. New(Config) checks the configuration and reports what is wrong with it; nothing is read from the network.
//  2. Judge answers one question and returns once ctx has ended, at the latest. The panel gives each judge its own
//     deadline; a judge that cannot answer by then says Error.
//  3. It says Valid or Invalid only when it knows. A question it has nothing to say about is Abstain; one that it
//     should have been able to answer, but could not, is Error. What these two count for is the administrator's choice.
//  4. The reason says what was found and where, for a person: lower case, quoted and bounded where it is a stranger's.
//  5. A verdict with Until set may be given again for the same question until then, without the judge being asked.
//     One without is asked for each time, so a judge that leaves it unset answers from memory.
//  6. It is safe for concurrent use.
package judge
