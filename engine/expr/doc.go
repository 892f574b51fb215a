// Package expr is the expression language of skills: what stands in `if`,
// `until`, `for_each` and between `${{` and `}}`.
//
// expr-lang reads the source; nothing else of it is used. Its tree is turned at
// once into the closed set of nodes of this package (lower.go), and whatever
// has no node here does not exist in the language: no `$env`, no
// methods, no `keys` in the order of a map. Checker and evaluator walk our nodes only, so a new version of the parser can break parsing, never
// widen the language.
//
// # Types
//
// [Expr.Check] gives every node a [types.Type], because the questions that
// matter here are not those of a Go program: may this be absent, is it a
// secret, can these two ever be equal? There is no truthiness and no conversion
// that was not written. What is optional has to be guarded by `?.`, `??`,
// `has()`, a comparison with nil, or the same condition that made it optional
// ([Scope].Given); what is of type any can only be compared, given a fallback,
// or turned into text; a secret can only be passed on. One mistake is one
// [Problem], with its exact bytes and what to write instead.
//
// A branch knows what its condition says. [Scope] is a value: narrowing it
// gives another one, in which more is present, and texts can be fewer things.
// How far a value can be trusted to decide where an effect lands is asked of the
// names it reads ([Expr.Trust]).
//
// # Evaluation
//
// [Expr.Eval] is a walk over the nodes, and not expr-lang's virtual machine,
// for four reasons that are one: every operation has to be ours. Integers fail
// where the machine's would wrap. [fuel.Tank] is counted for every element that is
// looked at and every byte that is allocated, before it is, so that no
// expression takes all memory or time, and the same one stops at the same place
// everywhere. Reading a leaf that a plan cannot know yet makes the
// result unknown, except where `&&`, `||`, `?:`, `??` or a quantifier is
// decided by what is known. And map order, clock and zone cannot leak in.
// There is no compilation, so an expression that runs once costs its parsing.
//
// An unknown leaf travels as an error value (stdlib.NotKnown) from where it is read
// to the nearest operator that can do without it. Lists and objects that hold
// one inside are passed on as they are; only who looks into them (take) is
// stopped by it.
//
// # Texts
//
// A [Text] is parsed once into parts. What a hole gives is written out and
// never looked at again: commit messages and ticket titles are data forever.
// `$${{` and `%%{{` stand for the characters themselves; a `~` inside the
// braces takes away the white space on its side.
//
// # Functions
//
// They stand in package stdlib, which says how one is added. Here calls are
// checked (args.go) and made (evalcall.go); what other languages call a function
// goes into hints.go, and its bombs into memory_test.go.
package expr
