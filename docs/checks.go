package docs

import "strings"

// Check is a section of the page of checks: what a diagnostic's code means, or several
// that mean the same, with examples.
type Check struct {
	Codes []string
	Text  string // Markdown, without the heading
}

// Checks returns the sections in the order of the page.
func Checks() []Check {
	var out []Check
	for _, section := range strings.Split(page("checks.md"), "\n## ")[1:] {
		heading, text, _ := strings.Cut(section, "\n")
		if strings.Trim(heading, "abcdefghijklmnopqrstuvwxyz-, ") == "" {
			out = append(out, Check{strings.Split(heading, ", "), strings.TrimSpace(text)})
		}
	}
	return out
}

// ErrorCode is what a step fails with, and what that means.
type ErrorCode struct{ Code, Meaning string }

// ErrorCodes returns those of the language, in the order of its page.
func ErrorCodes() []ErrorCode {
	_, section, _ := strings.Cut(page("language.md"), "\n## Error codes\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var out []ErrorCode
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) == 4 && strings.HasPrefix(cells[1], " `") {
			out = append(out, ErrorCode{strings.Trim(cells[1], " `"), strings.TrimSpace(cells[2])})
		}
	}
	return out
}

// page is the text of a page that is there.
func page(name string) string {
	text, err := Pages.ReadFile(name)
	if err != nil {
		panic("unreachable: the page is embedded: " + err.Error())
	}
	return string(text)
}
