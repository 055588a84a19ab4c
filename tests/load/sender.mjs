// Recorded beacons, each a snapshot that nobody has seen, of a view that began five seconds ago in a session of its own, at a rate that the receiver does not set.
//
// As beacons.lua does it for wrk, which knows no rate. beacon-format/src/encode.rs has the layout that is patched here.

import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';

const TICK_MS = 5;
/// Beacons that are due and find no free connection are sent later, but no more than this share of a second's: then the rate is not kept, and is told.
const DUE_MAX_S = 0.2;
const HEAD = [
  'POST /v1/beacon HTTP/1.1',
  'Host: 127.0.0.1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
  'X-Forwarded-For: 193.99.144.80',
  'Origin: https://shop.example.com',
].join('\r\n');

const varintEnd = (bytes, at) => {
  while (bytes[at] >= 128) at++;
  return at + 1;
};

function varint(number) {
  const bytes = [];
  for (; number >= 128; number = Math.floor(number / 128)) bytes.push((number % 128) + 128);
  return Buffer.from([...bytes, number]);
}

/// Requests, each with ids of its own: the time and a count, as a browser's are the time and chance.
async function requests(files) {
  const golden = [];
  for (const file of files) {
    const bytes = Buffer.from((await readFile(file, 'utf8')).replace(/\s/g, ''), 'hex');
    const time = 5 + bytes[4];
    const sent = varintEnd(bytes, time);
    golden.push({ bytes, time, sent, session: varintEnd(bytes, sent) });
  }
  let count = Math.floor(Math.random() * 2 ** 19);
  return () => {
    const { bytes, time, sent, session } = golden[count % golden.length];
    const now = Date.now();
    const body = Buffer.from(bytes);
    const began = varint(now - 5000);
    if (began.length !== sent - time) throw new Error('another length of time');
    began.copy(body, time);
    const id = (BigInt(now) << 20n) | BigInt(count++ & 0xfffff);
    body.writeBigUInt64LE(id, session);
    body.writeBigUInt64LE(id, session + 8);
    return Buffer.concat([Buffer.from(`${HEAD}\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
  };
}

/// Sends over connections that stay. `counts`: how often each status was answered; `unanswered`: sent, and nobody knows what became of it.
export class Sender {
  counts = {};
  unanswered = 0;
  /// Beacons that could not be sent at their time, and were not sent at all.
  late = 0;
  #idle = [];
  #sockets = new Set();
  #rate = 0;

  static async start(url, files, connections) {
    const sender = new Sender();
    sender.next = await requests(files);
    const { hostname, port } = new URL(url);
    await Promise.all(Array.from({ length: connections }, () => sender.#connect(hostname, Number(port))));
    sender.#run();
    return sender;
  }

  /// Beacons a second from now on; Infinity: as soon as the one before it is answered.
  set rate(rate) {
    this.#rate = rate;
    this.since = performance.now();
    this.due = 0;
  }

  get acknowledged() {
    return this.counts[204] ?? 0;
  }

  get inFlight() {
    return this.#sockets.size - this.#idle.length;
  }

  stop() {
    clearInterval(this.timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #run() {
    this.rate = 0;
    let last = performance.now();
    this.timer = setInterval(() => {
      const now = performance.now();
      this.due += ((now - last) / 1000) * (Number.isFinite(this.#rate) ? this.#rate : 0);
      last = now;
      this.#send();
      const most = this.#rate * DUE_MAX_S;
      if (Number.isFinite(most) && this.due > most) {
        this.late += Math.floor(this.due - most);
        this.due = most;
      }
    }, TICK_MS);
  }

  #send() {
    while (this.#idle.length > 0 && (this.#rate === Infinity || this.due >= 1)) {
      this.due -= 1;
      this.#idle.pop().write(this.next());
    }
  }

  async #connect(host, port) {
    const socket = connect(port, host).setNoDelay();
    await new Promise((over, fail) => socket.once('connect', over).once('error', fail));
    this.#sockets.add(socket);
    this.#idle.push(socket);
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes.latin1Slice();
      const head = answer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/^content-length: (\d+)/im.exec(answer.slice(0, head))?.[1] ?? 0);
      if (answer.length < head + 4 + length) return;
      const status = answer.slice(9, 12);
      this.counts[status] = (this.counts[status] ?? 0) + 1;
      answer = '';
      this.#idle.push(socket);
      if (this.#rate === Infinity) this.#send();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      const place = this.#idle.indexOf(socket);
      if (place >= 0) this.#idle.splice(place, 1);
      else this.unanswered++;
    });
  }
}
