-- For wrk: recorded beacons, each a snapshot that nobody has seen, of a view that began a moment ago.
--
--   wrk -s beacons.lua URL -- FILE.hex...
--
-- Of a recorded beacon the time origin (a varint of six bytes, behind the site) and the view's id (eight bytes, the last of the head's two ids) are
-- replaced: beacon-format/src/encode.rs has the layout.

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set('thread', threads)
end

local function bytes_of(path)
  local file = assert(io.open(path))
  local hex = file:read('*a'):gsub('%s', '')
  file:close()
  return (hex:gsub('%x%x', function(byte) return string.char(tonumber(byte, 16)) end))
end

local function varint_end(bytes, at)
  while bytes:byte(at) >= 128 do at = at + 1 end
  return at
end

local function varint(number)
  local bytes = ''
  while number >= 128 do
    bytes = bytes .. string.char(number % 128 + 128)
    number = math.floor(number / 128)
  end
  return bytes .. string.char(number)
end

local beacons, count, seed = {}, 0, ''

function init(files)
  for _, path in ipairs(files) do
    local bytes = bytes_of(path)
    local time_at = 6 + bytes:byte(5)
    local sent_at = varint_end(bytes, time_at) + 1
    local view_at = varint_end(bytes, sent_at) + 1 + 8
    local time = varint(os.time() * 1000 - 5000)
    assert(#time == sent_at - time_at, 'another length of time')
    table.insert(beacons, { bytes:sub(1, time_at - 1) .. time .. bytes:sub(sent_at, view_at - 1), bytes:sub(view_at + 8) })
  end
  math.randomseed(os.time() * 64 + thread)
  for _ = 1, 4 do seed = seed .. string.char(math.random(0, 255)) end
  wrk.method = 'POST'
  wrk.headers['User-Agent'] = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'
  wrk.headers['X-Forwarded-For'] = '193.99.144.80'
  wrk.headers['Origin'] = 'https://shop.example.com'
  if os.getenv('CHURN') then wrk.headers['Connection'] = 'close' end
end

function request()
  count = count + 1
  local beacon = beacons[count % #beacons + 1]
  local id = seed
  local number = count
  for _ = 1, 4 do
    id = id .. string.char(number % 256)
    number = math.floor(number / 256)
  end
  return wrk.format(nil, nil, nil, beacon[1] .. id .. beacon[2])
end
