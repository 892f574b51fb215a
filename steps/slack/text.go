package slack

import (
	"strings"
	"unicode"

	"github.com/skillrun/skillrun/engine/types"
)

// maxText is how many characters Slack keeps of a text; it cuts off the rest in
// silence, which we do not.
const maxText = 40_000

// escapes are the characters that begin and end Slack's commands.
var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

var mentionPattern = types.Pattern(`^([UWS][A-Z0-9]{5,20}|here|channel|everyone)$`)

func (in PostIn) encode() (string, error) {
	text := strings.ToValidUTF8(in.Text, "\uFFFD")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	if strings.TrimSpace(text) == "" {
		return "", types.Errorf(types.BadInput, "the text of the message is empty").
			WithHint("give it a text, or skip the step with if")
	}
	var b strings.Builder
	for _, m := range in.Mention {
		if !mentionPattern().MatchString(m) {
			return "", types.Errorf(types.BadInput, "%q is not a user or group that can be mentioned", m).
				WithHint("give the id of a user (U…) or a group (S…), or here, channel or everyone")
		}
		b.WriteString(mention(m) + " ")
	}
	b.WriteString(escapes.Replace(strings.Map(visible, text)))
	if n := len([]rune(b.String())); n > maxText {
		return "", types.Errorf(types.BadInput, "the text has %d characters, and Slack cuts it off after %d", n, maxText).
			WithHint("shorten it, and link to the rest")
	}
	return b.String(), nil
}

func mention(id string) string {
	switch id[0] {
	case 'U', 'W':
		return "<@" + id + ">"
	case 'S':
		return "<!subteam^" + id + ">"
	}
	return "<!" + id + ">"
}

// visible shows what would otherwise steer the reader's screen.
func visible(r rune) rune {
	if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
		return '\uFFFD'
	}
	return r
}
