package render

import (
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// What a summary may have of Markdown: CommonMark's headings, bullets, strong
// text and links, as far as they stand on one line.
var (
	mdHeading = types.Pattern(`^ {0,3}#{1,6} +(.*?)(?: +#+)? *$`)
	mdBullet  = types.Pattern(`^( *)[-*+] +`)
	mdStrong  = types.Pattern(`\*\*([^*\s](?:[^*]*[^*\s])?)\*\*`)
	mdLink    = types.Pattern(`\[([^\[\]]+)\]\((https?://[^\s()]+)\)`)
)

const (
	boldOn, boldOff = "\x1b[1m", "\x1b[22m"
	lineOn, lineOff = "\x1b[4m", "\x1b[24m"
)

// Markdown cleans a text and draws it for a terminal: headings and strong text are
// bold, bullets are dots, a link is its text with the address behind it. Everything
// else, and what stands between fences, is as it was.
func Markdown(text string) string {
	lines, fenced := strings.Split(Clean(text), "\n"), false
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if !fenced {
			lines[i] = markdownLine(line)
		}
	}
	return strings.Join(lines, "\n")
}

func markdownLine(line string) string {
	if m := mdHeading().FindStringSubmatch(line); m != nil {
		return boldOn + links(mdStrong().ReplaceAllString(m[1], "$1")) + boldOff
	}
	line = mdBullet().ReplaceAllString(line, "$1• ")
	return links(mdStrong().ReplaceAllString(line, boldOn+"$1"+boldOff))
}

func links(line string) string {
	return mdLink().ReplaceAllString(line, lineOn+"$1"+lineOff+" ($2)")
}
