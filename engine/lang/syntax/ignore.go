package syntax

import (
	"regexp"
	"sort"
	"strings"
	"sync"

	"github.com/skillrun/skillrun/engine/diag"
)

// ignoreMark begins a comment that silences a warning:
//
//	# skillrun:ignore CODE reason
const ignoreMark = "skillrun:ignore"

var codePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`) })

// ignore is such a comment, as byte offsets of the source.
type ignore struct {
	at, end  int // from the # to the end of its line
	code     string
	codeAt   int
	reasoned bool
	line     int // what begins here is silenced
	own      bool
}

// Ignoring takes out of a list the warnings that the comments of a file silence, and
// adds what is wrong with those comments. The root of the file is n; what the list says
// of other files stays. A comment is about its own line or, when it stands alone, about
// the next line that is no comment; of a text of several lines it can only stand at the
// first, or before it. Errors are never silenced.
func (n *Node) Ignoring(list diag.List) diag.List {
	if n == nil || n.src == nil || !strings.Contains(n.src.text, ignoreMark) {
		return list
	}
	texts := n.scalars(nil)
	for _, ig := range n.src.ignores(texts) {
		list = n.src.silence(list, ig, texts)
	}
	return list
}

// stretch is where a scalar stands in the source.
type stretch struct{ from, to int }

// scalars are where the scalars of a tree stand, in their order. A comment behind the
// header of a block is none of it.
func (n *Node) scalars(out []stretch) []stretch {
	if n.Kind == Scalar {
		s := stretch{n.src.offset(n.Range.Start.Line, n.Range.Start.Col), n.src.offset(n.Range.End.Line, n.Range.End.Col)}
		if s.from < s.to && strings.IndexByte("|>", n.src.text[s.from]) >= 0 {
			s.from = min(s.to, n.src.lineEnd(s.from))
		}
		return append(out, s)
	}
	for _, item := range n.Items {
		out = item.scalars(out)
	}
	for _, p := range n.Pairs {
		out = p.Value.scalars(p.Key.scalars(out))
	}
	return out
}

// within returns the scalar in which an offset is.
func within(texts []stretch, offset int) (stretch, bool) {
	i := sort.Search(len(texts), func(i int) bool { return texts[i].to > offset })
	if i == len(texts) || texts[i].from > offset {
		return stretch{}, false
	}
	return texts[i], true
}

// comment returns where the comment of a line begins, or -1.
func (s *source) comment(line int, texts []stretch) int {
	from := s.lines[line-1]
	text := s.lineText(line)
	for i := range len(text) {
		if text[i] != '#' || i > 0 && text[i-1] != ' ' && text[i-1] != '\t' {
			continue
		}
		if _, inside := within(texts, from+i); !inside {
			return from + i
		}
	}
	return -1
}

// alone reports whether nothing stands before an offset on its line.
func (s *source) alone(offset, line int) bool {
	return strings.TrimLeft(s.text[s.lines[line-1]:offset], " \t") == ""
}

func (s *source) ignores(texts []stretch) (out []ignore) {
	for line := 1; line <= len(s.lines); line++ {
		if !strings.Contains(s.lineText(line), ignoreMark) {
			continue
		}
		at := s.comment(line, texts)
		if at < 0 {
			continue
		}
		end := s.lineEnd(at)
		rest, is := strings.CutPrefix(strings.TrimLeft(s.text[at:end], "# \t"), ignoreMark)
		if !is || rest != "" && strings.IndexByte(" \t", rest[0]) < 0 {
			continue
		}
		said := strings.TrimLeft(rest, " \t")
		code, reason, _ := strings.Cut(said, " ")
		ig := ignore{at: at, end: end, code: code, codeAt: end - len(said), reasoned: strings.Trim(reason, " \t-:.,") != "", line: line, own: s.alone(at, line)}
		if ig.own {
			ig.line = s.about(line, texts)
		}
		out = append(out, ig)
	}
	return out
}

// about is the line that a comment on a line of its own is about.
func (s *source) about(line int, texts []stretch) int {
	for line++; line <= len(s.lines); line++ {
		if at := s.comment(line, texts); at < 0 || !s.alone(at, line) {
			return line
		}
	}
	return line
}

// silence takes out what one comment is about, or says what is wrong with the comment.
func (s *source) silence(list diag.List, ig ignore, texts []stretch) diag.List {
	at := s.span(ig.at, ig.end)
	switch {
	case !codePattern().MatchString(ig.code):
		list.Errorf("bad-ignore", at, "the comment does not say which warning it silences").Hint = "write # " + ignoreMark + " CODE reason; the code stands behind a warning in brackets"
		return list
	case !ig.reasoned:
		list.Errorf("bad-ignore", at, "the comment does not say why %s is silenced", ig.code).Hint = "write the reason behind the code: # " + ignoreMark + " " + ig.code + " reason"
		return list
	}
	var kept diag.List
	var here []string // the warnings there are
	refused := false
	for _, d := range list {
		there := d.At.File == s.file && s.stands(d.At.Start, ig.line, texts)
		refused = refused || there && d.Severity != diag.Warning && string(d.Code) == ig.code
		if there && d.Severity == diag.Warning {
			if string(d.Code) == ig.code {
				continue
			}
			here = append(here, string(d.Code))
		}
		kept = append(kept, d)
	}
	code := s.span(ig.codeAt, ig.codeAt+len(ig.code))
	switch {
	case len(kept) < len(list):
		return kept
	case refused:
		list.Errorf("bad-ignore", code, "%s is an error here: only warnings can be silenced", ig.code).Hint = "correct it, and leave the comment out"
	default:
		d := list.Warnf("unused-ignore", code, "there is no warning %s on line %d, which this comment is about", ig.code, ig.line).Suggest(ig.code, here)
		if len(d.Fix) == 0 {
			d.Hint, d.Fix = "leave the comment out", []diag.Edit{{At: s.removal(ig)}}
		}
	}
	return list
}

// stands reports whether a place is on a line, or in a text of several lines that begins there.
func (s *source) stands(p diag.Pos, line int, texts []stretch) bool {
	if p.Line == line || p.Line == 0 && line == 1 {
		return true
	}
	text, inside := within(texts, s.offset(p.Line, p.Col))
	return inside && s.pos(text.from).Line == line
}

// removal is a comment with the blanks before it, or all of its line.
func (s *source) removal(ig ignore) diag.Range {
	from, to := ig.at, ig.end
	if ig.own {
		line := s.pos(ig.at).Line
		from = s.lines[line-1]
		if line < len(s.lines) {
			to = s.lines[line]
		}
		return s.span(from, to)
	}
	return s.span(len(strings.TrimRight(s.text[:from], " \t")), to)
}
