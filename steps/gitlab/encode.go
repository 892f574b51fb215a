package gitlab

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// GitLab's limits, in characters.
const (
	maxTitle       = 255
	maxDescription = 1 << 20
	maxNote        = 1_000_000
)

var draftPrefix = types.Pattern(`(?i)^(\[(draft|wip)\]|\(draft\)|(draft|wip):|draft -)`)

func encodeTitle(title string, isDraft bool) (string, error) {
	title = strings.TrimSpace(title)
	if title == "" {
		return "", types.Errorf(types.BadInput, "the title is empty").
			WithHint("give it one line that says what is merged")
	}
	if strings.ContainsFunc(title, isInvalidRune) {
		return "", types.Errorf(types.BadInput, "the title has a line break or a control character").
			WithHint("a title is one line; put the rest into the description")
	}
	if p := draftPrefix().FindString(title); p != "" {
		return "", types.Errorf(types.BadInput, "the title begins with %q, which makes it a draft", p).
			WithHint("leave it out and set draft: true")
	}
	if isDraft {
		title = "Draft: " + title
	}
	if n := utf8.RuneCountInString(title); n > maxTitle {
		return "", types.Errorf(types.BadInput, "the title has %d characters, GitLab takes %d", n, maxTitle).
			WithHint("shorten it")
	}
	return title, nil
}

// isInvalidRune are the characters that a title may not have, and that other texts
// show as U+FFFD, but for its line breaks and tabs.
func isInvalidRune(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

func encodeDescription(text string, m marker) (string, error) {
	return encodeText("description", maxDescription, text, m)
}

func encodeNote(text string, m marker) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", types.Errorf(types.BadInput, "the note is empty").
			WithHint("give body a text, or skip the step with if")
	}
	return encodeText("note", maxNote, text, m)
}

// encodeText neutralises what GitLab would act on and adds the marker as the
// last line. The package comment says what is done and why.
func encodeText(what string, limit int, text string, m marker) (string, error) {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	text = strings.Map(visible, text)
	text = strings.ReplaceAll(text, "<!--", "&lt;!--")
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(escapeMentionAll(escapeQuickAction(line)))
	}
	out := strings.TrimRight(b.String(), "\n")
	if out != "" {
		out += "\n\n"
	}
	out += m.String()
	if n := utf8.RuneCountInString(out); n > limit {
		return "", types.Errorf(types.BadInput, "the %s has %d characters, GitLab takes %d", what, n, limit).
			WithHint("shorten it")
	}
	return out, nil
}

func visible(r rune) rune {
	if r != '\n' && r != '\t' && isInvalidRune(r) {
		return '\uFFFD'
	}
	return r
}

// escapeQuickAction puts a backslash before the slash of a line that may be a quick
// action. What cannot be seen before it counts as white space.
func escapeQuickAction(line string) string {
	rest := strings.TrimLeftFunc(line, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	if len(rest) < 2 || rest[0] != '/' {
		return line
	}
	if r, _ := utf8.DecodeRuneInString(rest[1:]); !unicode.IsLetter(r) {
		return line
	}
	return line[:len(line)-len(rest)] + `\` + rest
}

var allMention = types.Pattern(`(?i)(^|\W)@(all)($|[^\w-]|-+(?:$|\W))`)

// escapeMentionAll takes the meaning from @all: with a space in it, it tells no one.
// Neither a backslash nor backticks would do in every place.
func escapeMentionAll(line string) string {
	for { // a match eats the character after it, which may begin the next one
		next := allMention().ReplaceAllString(line, "$1@ $2$3")
		if next == line {
			return line
		}
		line = next
	}
}

// marker says which effect a merge request or a note is.
type marker struct{ Key, Digest string }

func markerOf(key step.Key, digest string) marker { return marker{key.String(), digest} }

const markerStart = "<!-- skillrun "

// String is the last line of a text, which GitLab does not show.
func (m marker) String() string {
	return markerStart + "key=" + m.Key + " digest=" + m.Digest + " -->"
}

var markerLine = types.Pattern(`^<!-- skillrun key=([a-z0-9-]+) digest=([a-z0-9]*) -->$`)

// markUndone turns the marker of a description, if it has one, into one of what
// an undo ended, which is not read as a marker any more.
func markUndone(text string) string {
	at := strings.LastIndex(text, markerStart+"key=")
	if at < 0 {
		return text
	}
	return text[:at] + undoneStart + text[at+len(markerStart):]
}

// undoneStart is how the marker of what an undo ended begins.
const undoneStart = "<!-- skillrun undone "

// undoneBy is the key of the undo that ended what a text describes, "" without one.
func undoneBy(text string) string {
	at := strings.LastIndex(text, undoneStart)
	if at < 0 {
		return ""
	}
	m, _ := readMarker(markerStart + text[at+len(undoneStart):])
	return m.Key
}

// readMarker reads the last line of a text.
func readMarker(text string) (marker, bool) {
	text = strings.TrimSpace(text)
	last := strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
	m := markerLine().FindStringSubmatch(last)
	if m == nil {
		return marker{}, false
	}
	return marker{m[1], m[2]}, true
}
