// In the place of ClickHouse: takes every INSERT, reads it to its end and says that it is stored; all else goes to the engine behind it.
//
//   node stand_in.mjs ENGINE_URL
//
// Prints its URL. Ends with its standard input.

import http from 'node:http';

const engine = new URL(process.argv[2]);
const server = http.createServer((request, response) => {
  const { searchParams } = new URL(request.url, engine);
  if (searchParams.get('query')?.startsWith('INSERT INTO')) {
    request.resume().on('end', () => response.writeHead(200, { 'Content-Length': 0 }).end());
    return;
  }
  const options = { host: engine.hostname, port: engine.port, path: request.url, method: request.method, headers: request.headers };
  const onward = http.request(options, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.writeHead(502).end());
  request.pipe(onward);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
process.stdin.resume().on('end', () => process.exit(0));
