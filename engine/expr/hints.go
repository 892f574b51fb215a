package expr

import "strings"

// elsewhere holds what functions of other languages are called here.
func elsewhere() map[string]string {
	out := map[string]string{}
	for hint, names := range map[string]string{
		"it is called json":                                     "toJSON to_json tojson toJson json_encode",
		"it is called from_json":                                "fromJSON fromJson parse_json json_decode json_parse",
		"it is called from_yaml":                                "fromYAML fromYaml parse_yaml yaml_decode",
		"it is called yaml":                                     "toYAML to_yaml toYaml yaml_encode",
		"it is called unique":                                   "uniq distinct",
		"it is called unique_by":                                "uniqueBy uniq_by distinct_by",
		"it is called group_by":                                 "groupBy groupby",
		"it is called string":                                   "str text toString tostring",
		"it is called has":                                      "exists defined",
		"it is called len":                                      "length size",
		"it is called words":                                    "fields columns",
		"it is called lines":                                    "splitlines split_lines",
		"it is called slug":                                     "slugify kebab",
		"it is called entries":                                  "items toPairs to_entries",
		"it is called from_entries":                             "fromPairs dict",
		"it is called take":                                     "limit head",
		"it is called concat":                                   "append extend",
		"it is called regex_find":                               "regex search match extract",
		"it is called regex_find_all":                           "findall find_all regex_findall",
		"it is called regex_replace":                            "sub gsub",
		"it is called url_encode":                               "urlencode quote",
		"it is called base64_encode":                            "base64 b64encode toBase64",
		"it is called base64_decode":                            "b64decode fromBase64",
		"it is called path_base":                                "basename base",
		"it is called path_dir":                                 "dirname dir",
		"it is called parse_date":                               "strptime parse_time",
		"it is called format_date":                              "strftime format_time",
		"it is called next_name":                                "next_version get_next_version",
		"it is called pad_left":                                 "lpad rjust zfill",
		"it is called pad_right":                                "rpad ljust",
		"it is called contains_ignore_case":                     "icontains contains_fold",
		"write x ?? y":                                          "default coalesce",
		"write a text with ${{ }}":                              "format sprintf",
		"write x[0:3]":                                          "slice substring substr",
		"write list[2:]":                                        "drop skip",
		"write 0..n-1":                                          "range",
		"write x startsWith y":                                  "starts_with startswith",
		"write x endsWith y":                                    "ends_with endswith",
		"write x == \"true\"":                                   "bool boolean",
		"write c ? a : b":                                       "cond ternary iif",
		"filter(list, # != nil) leaves the absent ones out":     "compact",
		"today(), format_date() and parse_date() work on dates": "date datetime",
		"it is left out on purpose: compute it in a step":       "reduce fold",
	} {
		for name := range strings.FieldsSeq(names) {
			out[name] = hint
		}
	}
	return out
}
