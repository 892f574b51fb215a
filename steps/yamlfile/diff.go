package yamlfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

const diffContext = 3

// unified writes the difference of two texts that have the same number of
// lines, which is all that [Set] can make, as patch and git read it.
func unified(name string, a, b []byte) string {
	old, now := splitLines(a), splitLines(b)
	var out strings.Builder
	for from := 0; from < len(old); {
		first := nextChange(old, now, from)
		if first == len(old) {
			break
		}
		if out.Len() == 0 {
			fmt.Fprintf(&out, "--- a/%s\n+++ b/%s\n", name, name)
		}
		end := hunkEnd(old, now, first)
		writeHunk(&out, old, now, max(first-diffContext, from), end)
		from = end
	}
	return out.String()
}

func splitLines(text []byte) [][]byte { return slices.Collect(bytes.Lines(text)) }

func nextChange(old, now [][]byte, from int) int {
	for from < len(old) && bytes.Equal(old[from], now[from]) {
		from++
	}
	return from
}

// hunkEnd returns the line after the hunk whose first change is at first:
// changes closer than two contexts share a hunk.
func hunkEnd(old, now [][]byte, first int) int {
	last := first
	for {
		next := nextChange(old, now, last+1)
		if next == len(old) || next-last > 2*diffContext {
			return min(last+1+diffContext, len(old))
		}
		last = next
	}
}

func writeHunk(out *strings.Builder, old, now [][]byte, start, end int) {
	fmt.Fprintf(out, "@@ -%d,%d +%d,%d @@\n", start+1, end-start, start+1, end-start)
	for at := start; at < end; {
		if bytes.Equal(old[at], now[at]) {
			writeLine(out, ' ', old[at])
			at++
			continue
		}
		stop := at
		for stop < end && !bytes.Equal(old[stop], now[stop]) {
			writeLine(out, '-', old[stop])
			stop++
		}
		for ; at < stop; at++ {
			writeLine(out, '+', now[at])
		}
	}
}

func writeLine(out *strings.Builder, mark byte, line []byte) {
	out.WriteByte(mark)
	out.Write(line)
	if !bytes.HasSuffix(line, []byte("\n")) {
		out.WriteString("\n\\ No newline at end of file\n")
	}
}
