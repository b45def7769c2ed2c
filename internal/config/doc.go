// Package config makes a checked policy from the administrator's files. It knows their form, their places and whom
// they may belong to, not what a policy means.
//
// A policy passes through these files in order:
//
//  1. dirs.go finds the files, trusted.go opens those that only root can have written.
//  2. parse.go reads TOML into tables that know the place of each key: the raw form.
//  3. section.go, profile.go and value.go turn tables into the rules of package policy, the checked form, and collect
//     everything that is wrong; system.go reads the distribution's own policy.
//  4. load.go merges the files and makes them a policy.Policy, the live form.
package config
