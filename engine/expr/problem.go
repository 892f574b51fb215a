package expr

import "github.com/skillrun/skillrun/engine/diag"

// Limits of one expression. They are far above what a person writes, and keep
// what a machine writes from exhausting the parser's stack.
const (
	maxSource = 4 << 10
	maxDepth  = 200
	maxNodes  = 2000
)

// The codes of mistakes that this package reports.
const (
	CodeSyntax          diag.Code = "expression-syntax" // not an expression, or not a part of the language
	CodeTooBig          diag.Code = "expression-too-big"
	CodeUnknownName     diag.Code = "unknown-name"
	CodeUnknownFunction diag.Code = "unknown-function"
	CodeMaybeAbsent     diag.Code = "maybe-absent"
	CodeTypeMismatch    diag.Code = "type-mismatch"
	CodeTypeAny         diag.Code = "type-any"
	CodeSecretLeak      diag.Code = "secret-leak"
	CodeBadPattern      diag.Code = "bad-pattern"
	CodeNameTaken       diag.Code = "name-taken"
	CodeUnusedName      diag.Code = "unused-name"
	CodeBadValue        diag.Code = "bad-value" // an argument that is written out, and that its function always refuses
)

// Problem is a mistake in an expression or a text. From and To are byte
// offsets in the source that was parsed; the text of the mistake is
// source[From:To].
type Problem struct {
	Code          diag.Code
	From, To      int
	Message, Hint string
}

// Ref is a name that an expression reads: ["steps", "image", "digest"]. The
// path ends where a computed index or a function begins.
type Ref struct {
	Path     []string
	From, To int // byte offsets in the source
}

func (p Problem) shift(by int) Problem {
	p.From += by
	p.To += by
	return p
}
