-- SPDX-License-Identifier: MIT
-- Neovim as a client of `bindc lsp`: works on r.bind in the current folder and prints what it got.
-- Run by lsp_nvim_test.c: `-l` is newer than Debian's Neovim, so it is sourced with -c luafile.
local exit_code = nil

local function say(format, ...)
  io.stdout:write(string.format(format, ...), "\n")
end

local function wait(what, condition)
  if not vim.wait(20000, condition, 5) then
    say("timeout: %s", what)
    vim.cmd("cquit")
  end
end

local function show_range(range)
  return string.format("%d:%d-%d:%d", range.start.line, range.start.character, range["end"].line,
    range["end"].character)
end

local function ask(method, params)
  local answers, failure = vim.lsp.buf_request_sync(0, method, params, 20000)
  if answers == nil then
    say("%s: %s", method, failure)
    vim.cmd("cquit")
  end
  local _, answer = next(answers)
  return answer.result
end

-- The position of a text in the buffer, as a request wants it.
local function at(text, offset)
  local row, column = unpack(vim.fn.searchpos("\\V" .. text, "nw"))
  vim.api.nvim_win_set_cursor(0, { row, column - 1 + (offset or 0) })
  return vim.lsp.util.make_position_params()
end

local function run()
  vim.cmd("edit r.bind")
  local id = vim.lsp.start_client({
    name = "bindc",
    cmd = { vim.env.BINDC, "lsp" },
    root_dir = vim.fn.getcwd(),
    on_exit = function(code) exit_code = code end,
  })
  vim.lsp.buf_attach_client(0, id)

  wait("diagnostics", function() return #vim.diagnostic.get(0) > 0 end)
  for _, each in ipairs(vim.diagnostic.get(0)) do
    say("fault %d:%d-%d:%d %s", each.lnum, each.col, each.end_lnum, each.end_col,
      each.message:match("[^\n]*"))
  end

  local place = ask("textDocument/definition", at("acme.KIND.ROUND;", 12))
  say("definition %s %s", place.uri:match("[^/]*$"), show_range(place.range))

  local hover = ask("textDocument/hover", at("acme.SIZE.BIG", 11))
  say("hover %s", (hover.contents.value:gsub("\n", "|")))

  local list = ask("textDocument/completion", at("acme.KIND.ROUND;", 0))
  for _, item in ipairs(list.items) do
    say("completion %s", item.label)
  end

  -- The quick fix, applied as the editor does it.
  local params = at("acme.KIND.ROUNDD", 1)
  params.range = { start = params.position, ["end"] = params.position }
  params.context = { diagnostics = {} }
  local actions = ask("textDocument/codeAction", params)
  say("action %s", actions[1].title)
  vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
  wait("no diagnostics", function() return #vim.diagnostic.get(0) == 0 end)

  -- Typing: the editor tells its changes line by line.
  local last = vim.api.nvim_buf_line_count(0)
  vim.api.nvim_buf_set_lines(0, last, last, false, { '/* é𐐀 */ acme.NAME == "é𐐀", wrong' })
  wait("a fault", function() return #vim.diagnostic.get(0) > 0 end)
  local fault = vim.diagnostic.get(0)[1]
  say("fault %d:%d %s", fault.lnum, fault.col, fault.message)
  vim.api.nvim_buf_set_lines(0, last, last + 1, false, { '/* é𐐀 */   acme.NAME == "é𐐀";' })
  wait("no fault", function() return #vim.diagnostic.get(0) == 0 end)

  vim.lsp.buf.formatting_sync(nil, 20000)
  for _, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    say("line %s", line)
  end

  vim.lsp.stop_client(id)
  wait("the end", function() return exit_code ~= nil end)
  say("exit %d", exit_code)
end

local is_good, failure = pcall(run)
if not is_good then
  say("failure: %s", failure)
  vim.cmd("cquit")
end
vim.cmd("qall!")
