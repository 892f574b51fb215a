package syntax

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/diag"
)

// source turns byte offsets of a text into lines and columns and back, fast.
type source struct {
	file  string
	text  string
	lines []int // where each line begins
	tails []int // bytes that begin no character, before each block
}

const blockSize = 256

func newSource(file, text string) *source {
	s := &source{file: file, text: text, lines: []int{0}}
	tails := 0
	for i := range len(text) {
		if i%blockSize == 0 {
			s.tails = append(s.tails, tails)
		}
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
		if !utf8.RuneStart(text[i]) {
			tails++
		}
	}
	s.tails = append(s.tails, tails)
	return s
}

// tailsBefore counts the bytes before offset that begin no character.
func (s *source) tailsBefore(offset int) int {
	if s.tails[len(s.tails)-1] == 0 {
		return 0 // all of it is ASCII
	}
	block := min(offset/blockSize, len(s.tails)-1)
	n := s.tails[block]
	for i := block * blockSize; i < offset; i++ {
		if !utf8.RuneStart(s.text[i]) {
			n++
		}
	}
	return n
}

func (s *source) pos(offset int) diag.Pos {
	offset = min(max(offset, 0), len(s.text))
	line := sort.SearchInts(s.lines, offset+1) - 1
	return diag.Pos{Line: line + 1, Col: s.chars(s.lines[line], offset) + 1}
}

func (s *source) chars(from, to int) int {
	return to - from - (s.tailsBefore(to) - s.tailsBefore(from))
}

// offset returns the byte offset of a line and column, or the nearest there is.
func (s *source) offset(line, col int) int {
	if line < 1 {
		return 0
	}
	if line > len(s.lines) {
		return len(s.text)
	}
	begin := s.lines[line-1]
	width := s.lineEnd(begin) - begin
	return begin + sort.Search(width, func(i int) bool { return s.chars(begin, begin+i) >= col-1 })
}

func (s *source) lineEnd(offset int) int {
	end := len(s.text)
	if next := sort.SearchInts(s.lines, offset+1); next < len(s.lines) {
		end = s.lines[next] - 1
	}
	if end > offset && s.text[end-1] == '\r' {
		end--
	}
	return end
}

func (s *source) span(from, to int) diag.Range {
	return diag.Range{File: s.file, Start: s.pos(from), End: s.pos(max(from, to))}
}

// line returns the range of what stands on a line, without the space around it.
func (s *source) line(n int) diag.Range {
	n = min(max(n, 1), len(s.lines))
	from := s.lines[n-1]
	to := s.lineEnd(from)
	text := s.text[from:to]
	from += len(text) - len(strings.TrimLeft(text, " \t"))
	return s.span(from, max(from, s.lines[n-1]+len(strings.TrimRight(text, " \t"))))
}

func (s *source) lineText(n int) string {
	n = min(max(n, 1), len(s.lines))
	return s.text[s.lines[n-1]:s.lineEnd(s.lines[n-1])]
}
