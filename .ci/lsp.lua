-- What Neovim asks the language server, and what it has to answer; see the script beside.
local slowest, what, client = 0, '', nil
local limit = tonumber(vim.env.LSP_LIMIT or 50) -- milliseconds for an answer, the best of a few

local function fail(...)
  io.stdout:write('failed: ' .. string.format(...) .. '\n')
  vim.cmd('cquit 1')
end

local function uri(name) return vim.uri_from_fname(vim.fn.getcwd() .. '/' .. name) end

local told = {} -- the newest errors of each file; warnings are not what this is about
local function published(_, result)
  told[result.uri] = vim.tbl_filter(function(d) return d.severity == 1 end, result.diagnostics)
end

local function open(name)
  vim.cmd('edit ' .. name)
  local buffer = vim.api.nvim_get_current_buf()
  if not client then
    client = vim.lsp.start_client({
      name = 'skillrun', cmd = { vim.env.SKILLRUN, 'lsp' }, root_dir = vim.fn.getcwd(),
      workspace_folders = { { uri = vim.uri_from_fname(vim.fn.getcwd()), name = 'site' } },
      handlers = { ['textDocument/publishDiagnostics'] = published },
    })
  end
  vim.lsp.buf_attach_client(buffer, client)
  if not vim.wait(10000, function() return vim.lsp.get_client_by_id(client).initialized end, 5) then fail('the server does not start') end
  return buffer
end

-- worked is how long the server has worked, in milliseconds: where the machine has others
-- to work for, an answer takes longer than it costs.
local function worked()
  local pid = vim.lsp.get_client_by_id(client).rpc.pid
  local stat = io.open('/proc/' .. pid .. '/stat'):read('*a'):match('%) (.*)')
  local fields = vim.split(stat, ' ')
  return (tonumber(fields[12]) + tonumber(fields[13])) * 10
end

-- ask sends a request and returns its answer. It is timed; one that is slow is asked again.
local function ask(buffer, method, params)
  local best, answer = math.huge, nil
  for _ = 1, 4 do
    local begun, before = vim.loop.hrtime(), worked()
    local got, err = vim.lsp.buf_request_sync(buffer, method, params, 20000)
    if not got then fail('%s: %s', method, err or 'no answer') end
    answer = got[client] or {}
    best = math.min(best, (vim.loop.hrtime() - begun) / 1e6, worked() - before + 10)
    if best < limit then break end
  end
  if best > slowest then slowest, what = best, method end
  return answer.result, answer.error or answer.err
end

-- at is the place of a word in a buffer: behind its first letters.
local function at(buffer, word, behind)
  local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  for row, line in ipairs(lines) do
    local from = line:find(word, 1, true)
    if from then
      local units = vim.str_utfindex(line, from - 1 + #word - (behind or 0))
      local _, utf16 = vim.str_utfindex(line, from - 1 + #word - (behind or 0))
      return { textDocument = { uri = vim.uri_from_bufnr(buffer) }, position = { line = row - 1, character = utf16 or units } }
    end
  end
  fail('%q is not in the buffer', word)
end

local function with(params, more) return vim.tbl_extend('force', params, more) end

local function labels(list)
  local out = {}
  for _, item in ipairs((list or {}).items or {}) do out[item.label] = true end
  return out
end

local function diagnostics(name, test, why)
  if not vim.wait(10000, function() return told[uri(name)] ~= nil and test(told[uri(name)]) end, 5) then
    fail('%s: %s; it has %s', name, why, vim.inspect(told[uri(name)]))
  end
end

local function line(buffer, word, text)
  local row = at(buffer, word).position.line
  vim.api.nvim_buf_set_lines(buffer, row, row + 1, false, { text })
end

local function verbs(mine)
  diagnostics('skills/mine.yaml', function(d) return #d == 0 end, 'a good skill has mistakes')

  local hover = ask(mine, 'textDocument/hover', at(mine, 'inputs.com'))
  if not hover or not hover.contents.value:find('What to ship', 1, true) then fail('hover: %s', vim.inspect(hover)) end
  hover = ask(mine, 'textDocument/hover', at(mine, 'uses: quay_'))
  if not hover or not hover.contents.value:find('Look up an image tag', 1, true) then fail('hover: %s', vim.inspect(hover)) end

  local found = ask(mine, 'textDocument/definition', at(mine, 'steps.ima'))
  if not found or found[1].uri ~= uri('skills/mine.yaml') or found[1].range.start.line ~= 4 then fail('definition: %s', vim.inspect(found)) end
  found = ask(mine, 'textDocument/definition', at(mine, 'skill:oth'))
  if not found or found[1].uri ~= uri('skills/other.yaml') then fail('definition: %s', vim.inspect(found)) end

  found = ask(mine, 'textDocument/references', with(at(mine, 'id: ima'), { context = { includeDeclaration = true } }))
  if #found ~= 3 then fail('references: %s', vim.inspect(found)) end

  local symbols = ask(mine, 'textDocument/documentSymbol', { textDocument = { uri = uri('skills/mine.yaml') } })
  if #symbols ~= 4 or symbols[3].children[2].name ~= 'call' then fail('documentSymbol: %s', vim.inspect(symbols)) end

  local tokens = ask(mine, 'textDocument/semanticTokens/full', { textDocument = { uri = uri('skills/mine.yaml') } })
  if #tokens.data < 5 * 12 then fail('semanticTokens: %s', vim.inspect(tokens)) end

  local hints = ask(mine, 'textDocument/inlayHint', { textDocument = { uri = uri('skills/mine.yaml') }, range = { start = { line = 0, character = 0 }, ['end'] = { line = 99, character = 0 } } })
  if #hints < 3 then fail('inlayHint: %s', vim.inspect(hints)) end

  local edits = ask(mine, 'textDocument/formatting', { textDocument = { uri = uri('skills/mine.yaml') }, options = { tabSize = 2, insertSpaces = true } })
  if type(edits) ~= 'table' then fail('formatting: %s', vim.inspect(edits)) end

  local rename = ask(mine, 'textDocument/rename', with(at(mine, 'id: cal'), { newName = 'called' }))
  vim.lsp.util.apply_workspace_edit(rename, 'utf-16')
  local text = table.concat(vim.api.nvim_buf_get_lines(mine, 0, -1, false), '\n')
  if not text:find('steps.called.total > 10', 1, true) or not text:find('id: called', 1, true) or text:find('steps.call.', 1, true) then fail('rename makes\n%s', text) end
  local _, err = ask(mine, 'textDocument/rename', with(at(mine, 'id: cal'), { newName = 'last' }))
  if not err then fail('a step can be called as another one is') end
end

local function typing(mine)
  line(mine, 'set: {text', '    set: {text: "🚀 ${{ steps.image.')
  local has = labels(ask(mine, 'textDocument/completion', at(mine, '${{ steps.image.')))
  if not has.digest or has.inputs then fail('completion of a result in a broken file: %s', vim.inspect(has)) end
  line(mine, 'set: {text', '    qq')
  has = labels(ask(mine, 'textDocument/completion', at(mine, '    qq', 0)))
  if not has.uses or not has['for_each'] then fail('completion of a key: %s', vim.inspect(has)) end
  line(mine, '    qq', '    set: {text: "${{ upper(steps.imag.digest) }}"}')
  diagnostics('skills/mine.yaml', function(d) return #d == 1 and d[1].code == 'unknown-name' end, 'a wrong name is not seen')
  line(mine, '  - id: last', '  - idd: last')
  diagnostics('skills/mine.yaml', function(d) return #d >= 2 end, 'a wrong key is not seen')
  local actions = ask(mine, 'textDocument/codeAction', with(at(mine, 'idd'), { range = { start = at(mine, 'idd').position, ['end'] = at(mine, 'idd').position }, context = { diagnostics = {} } }))
  if not actions or #actions == 0 then fail('codeAction: nothing is offered') end
  vim.lsp.util.apply_workspace_edit(actions[1].edit, 'utf-16')
  line(mine, 'set: {text', '    set: {text: "${{ upper(steps.image.digest) }}"}')
  diagnostics('skills/mine.yaml', function(d) return #d == 0 end, 'what was mended has mistakes')
end

local function size()
  local pid = vim.lsp.get_client_by_id(client).rpc.pid
  for status in io.lines('/proc/' .. pid .. '/status') do
    local kb = status:match('VmRSS:%s*(%d+)')
    if kb then return tonumber(kb) / 1024 end
  end
end

-- edits types into a large skill, and asks while it is broken.
local function edits(large, n)
  for i = 1, n do
    local rows = vim.api.nvim_buf_line_count(large)
    local row = math.random(4, rows - 2)
    local old = vim.api.nvim_buf_get_lines(large, row, row + 1, false)[1]
    local col = math.random(0, #old)
    local typed = ({ '"', '{', ': ', '${{ ', '', '  - ', 'x' })[math.random(7)]
    vim.api.nvim_buf_set_text(large, row, col, row, math.random(col, #old), { typed })
    if i % 10 == 0 then
      ask(large, 'textDocument/hover', { textDocument = { uri = uri('skills/large.yaml') }, position = { line = row, character = 3 } })
      ask(large, 'textDocument/completion', { textDocument = { uri = uri('skills/large.yaml') }, position = { line = row, character = col + #typed } })
    end
    vim.api.nvim_buf_set_lines(large, row, row + 1, false, { old })
  end
end

local ok, err = xpcall(function()
  math.randomseed(1)
  local mine = open('skills/mine.yaml')
  verbs(mine)
  typing(mine)
  open('skills/mine_test.yaml')
  diagnostics('skills/mine_test.yaml', function(d) return #d == 1 and d[1].message:find('commt', 1, true) end, 'a wrong input of a test is not seen')
  open('skillrun.yaml')
  diagnostics('skillrun.yaml', function(d) return #d == 1 and d[1].message:find('tokn', 1, true) end, 'a wrong key of the configuration is not seen')
  local large = open('skills/large.yaml')
  diagnostics('skills/large.yaml', function(d) return #d == 0 end, 'the large skill has mistakes')
  vim.api.nvim_buf_set_lines(large, -1, -1, false, { '  - id: new', '    if: steps.' })
  local has = labels(ask(large, 'textDocument/completion', at(large, '    if: steps.', 0)))
  has = labels(ask(large, 'textDocument/completion', { textDocument = { uri = uri('skills/large.yaml') }, position = { line = vim.api.nvim_buf_line_count(large) - 1, character = 14 } }))
  if not has.s499 then fail('completion in a large skill') end
  vim.api.nvim_buf_set_lines(large, -3, -1, false, {})
  for _, method in ipairs({ 'documentSymbol', 'semanticTokens/full' }) do
    ask(large, 'textDocument/' .. method, { textDocument = { uri = uri('skills/large.yaml') } })
  end
  edits(large, 60)
  local before = size()
  edits(large, 60)
  local after = size()
  if after > 2 * before or after > 500 then fail('the server has %d MB, and had %d', after, before) end
  if slowest > limit then fail('%s took %.1f ms', what, slowest) end
  io.stdout:write(string.format('every verb answers; the slowest took %.1f ms (%s), the server has %d MB\n', slowest, what, after))
end, debug.traceback)
if not ok then fail('%s', err) end
vim.lsp.stop_client(client)
vim.cmd('qall!')
