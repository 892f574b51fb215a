package yamltext

import (
	"bytes"

	"gopkg.in/yaml.v3"
)

// Encode writes a value as YAML for people, mappings in the order of their names and
// structs in that of their fields. Texts that could be read as something else are in
// quotes. It fails for what is no data.
func Encode(v any) (string, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return b.String(), e.Close()
}
