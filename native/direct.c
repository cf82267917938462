/* The direct deflate encoder: interval blocks into the bits of a gzip member, without their XML ever being written.
 *
 * RFC 1951 and RFC 1952. All of a stream goes into one deflate block, by one Huffman code that is made beforehand and
 * has a code for every literal, length and distance. Two things are coded:
 *
 * - *Text*: entry heads, and whatever else a feed has. It is written into a window and matched against what of it
 *   went by before; bodies between two texts are jumped over, and distances count them in.
 * - *Bodies*: the readings of a day. Between two values stands a segment that differs from the one before in some
 *   digits of its start. So its bits are made when its template is made, for each number of digits that the value
 *   before it may have, and so is what it does to the check sum: a reading costs a few table look-ups.
 *
 * Nothing here allocates; nothing that is global changes after the library is loaded. A stream's state is memory of
 * the caller's, used by one thread at a time. The caller says how much may be written: where less is left than the
 * next thing could take, a function returns before it and says how far it has come.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* what the functions below take: changes with them */
#define ABI 1
/* how the bits are chosen: changes whenever the same feed would come out as other bytes */
#define FORM 1

#define EXPORT __attribute__((visibility("default")))
#define POLYNOMIAL 0xEDB88320u
#define FARTHEST 32768u
#define LONGEST 258u
#define SHORTEST 3u
#define LITERALS 286
#define DISTANCES 30
#define END 256
/* bits that one symbol of a literal takes at most; a match takes fewer than its literals would */
#define WORST 15u
/* digits that a value mostly has at most */
#define DIGITS 5
/* of an int64 with its sign */
#define MOST_DIGITS 20u
/* bits that go into the writer at once */
#define WORD 56u
#define UUID 36u
#define SLOTS 5u

#define WINDOW (128u * 1024u)
/* text that is taken at a time */
#define SLICE (32u * 1024u)
#define REGIONS 1024u
/* a match that is so long is likely to go on behind the next few literals */
#define ALONG 16u
#define HASH_BITS 12
#define TABLES 32u
#define ADVANCED 1024u
#define MAGIC 0x77646431u

/* what a template may be at most */
#define TEXT_MOST (1024u * 1024u)
#define BOUND_MOST (96u * 1024u)
#define HEAD_MOST (24u * 1024u)

enum { BAD_TEMPLATE = -1, BAD_DAY = -2 };

#include "code.inc"

typedef struct {
  uint32_t bits;
  uint8_t count;
} Code;

/* digits of a number below 10,000: their bits, how many bits and digits there are, and what they make of a zero sum */
typedef struct {
  uint32_t bits;
  uint32_t crc;
  uint8_t count;
  uint8_t digits;
} Number;

static Code literal[LITERALS], length_of[LONGEST + 1], distance[DISTANCES];
static uint16_t distance_base[DISTANCES];
static uint8_t distance_extra[DISTANCES], near_symbol[256], far_symbol[256];
static Number number[10000], padded[10000];
static uint32_t crc_table[16][256];

/* tables, made once, when the library is loaded */

static uint32_t reversed(uint32_t bits, unsigned count) {
  uint32_t turned = 0;
  while (count--) {
    turned = turned << 1 | (bits & 1);
    bits >>= 1;
  }
  return turned;
}

/* RFC 1951 3.2.2 */
static void codes(const uint8_t *lengths, unsigned symbols, Code *made) {
  uint32_t next[16] = {0}, many[16] = {0}, code = 0;
  for (unsigned symbol = 0; symbol < symbols; symbol++) many[lengths[symbol]]++;
  many[0] = 0;
  for (unsigned count = 1; count < 16; count++) next[count] = code = (code + many[count - 1]) << 1;
  for (unsigned symbol = 0; symbol < symbols; symbol++) {
    made[symbol].count = lengths[symbol];
    made[symbol].bits = reversed(next[lengths[symbol]]++, lengths[symbol]);
  }
}

/* RFC 1951 3.2.5 */
static void prepare_lengths(void) {
  unsigned length = SHORTEST;
  for (unsigned symbol = 257; symbol < 285; symbol++) {
    unsigned extra = symbol < 261 ? 0 : (symbol - 261) / 4;
    for (uint32_t more = 0; more < 1u << extra && length < LONGEST; more++, length++) {
      length_of[length].bits = literal[symbol].bits | more << literal[symbol].count;
      length_of[length].count = (uint8_t)(literal[symbol].count + extra);
    }
  }
  length_of[LONGEST] = literal[285];
}

static void prepare_distances(void) {
  uint32_t base = 1;
  for (unsigned symbol = 0; symbol < DISTANCES; symbol++) {
    unsigned extra = symbol < 4 ? 0 : symbol / 2 - 1;
    distance_base[symbol] = (uint16_t)base;
    distance_extra[symbol] = (uint8_t)extra;
    for (uint32_t one = base; one < base + (1u << extra); one++) {
      if (one <= 256) near_symbol[one - 1] = (uint8_t)symbol;
      else far_symbol[(one - 1) >> 7] = (uint8_t)symbol;
    }
    base += 1u << extra;
  }
}

static void prepare_sums(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
    crc_table[0][byte] = crc;
  }
  for (int row = 1; row < 16; row++)
    for (uint32_t byte = 0; byte < 256; byte++)
      crc_table[row][byte] = crc_table[row - 1][byte] >> 8 ^ crc_table[0][crc_table[row - 1][byte] & 255];
}

static uint32_t summed(uint32_t crc, const uint8_t *text, size_t size);

static Number numbered(const uint8_t *text, unsigned digits) {
  Number made = {0, summed(0, text, digits), 0, (uint8_t)digits};
  for (unsigned place = 0; place < digits; place++) {
    made.bits |= literal[text[place]].bits << made.count;
    made.count = (uint8_t)(made.count + literal[text[place]].count);
  }
  return made;
}

__attribute__((constructor)) static void prepare(void) {
  codes(LITERAL_LENGTHS, LITERALS, literal);
  codes(DISTANCE_LENGTHS, DISTANCES, distance);
  prepare_lengths();
  prepare_distances();
  prepare_sums();
  for (unsigned value = 0; value < 10000; value++) {
    uint8_t text[4] = {(uint8_t)('0' + value / 1000), (uint8_t)('0' + value / 100 % 10),
                       (uint8_t)('0' + value / 10 % 10), (uint8_t)('0' + value % 10)};
    unsigned digits = value > 999 ? 4 : value > 99 ? 3 : value > 9 ? 2 : 1;
    padded[value] = numbered(text, 4);
    number[value] = numbered(text + 4 - digits, digits);
  }
}

/* bytes of any machine */

static inline uint32_t load32(const uint8_t *from) {
  uint32_t value;
  memcpy(&value, from, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap32(value);
#endif
  return value;
}

static inline uint64_t load64(const uint8_t *from) {
  uint64_t value;
  memcpy(&value, from, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap64(value);
#endif
  return value;
}

static inline void store64(uint8_t *to, uint64_t value) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap64(value);
#endif
  memcpy(to, &value, 8);
}

/* a value as blocks keep it: signed, little end first */
static inline int64_t value_at(const uint8_t *values, size_t place, unsigned width) {
  switch (width) {
    case 1: return (int8_t)values[place];
    case 2: return (int16_t)(uint16_t)(values[2 * place] | values[2 * place + 1] << 8);
    case 4: return (int32_t)load32(values + 4 * place);
    default: return (int64_t)load64(values + 8 * place);
  }
}

/* digits as they stand; how many */
static unsigned written(int64_t value, uint8_t *to) {
  uint8_t turned[MOST_DIGITS];
  unsigned count = 0, at = 0;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do turned[count++] = (uint8_t)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0) to[at++] = '-';
  while (count) to[at++] = turned[--count];
  return at;
}

/* check sums: of the register, that is without the inversion before and after. RFC 1952 8 */

static inline uint32_t looked_up(uint32_t word, int row) {
  return crc_table[row][word & 255] ^ crc_table[row - 1][word >> 8 & 255] ^ crc_table[row - 2][word >> 16 & 255] ^
         crc_table[row - 3][word >> 24];
}

static uint32_t summed(uint32_t crc, const uint8_t *text, size_t size) {
  for (; size >= 16; text += 16, size -= 16)
    crc = looked_up(load32(text) ^ crc, 15) ^ (looked_up(load32(text + 4), 11) ^ looked_up(load32(text + 8), 7) ^ looked_up(load32(text + 12), 3));
  for (; size >= 4; text += 4, size -= 4) crc = looked_up(load32(text) ^ crc, 3);
  for (; size; text++, size--) crc = crc >> 8 ^ crc_table[0][(crc ^ *text) & 255];
  return crc;
}

/* what so many zero bytes make of a register */
static uint32_t passed(uint32_t crc, uint32_t zeros) {
  while (zeros--) crc = crc >> 8 ^ crc_table[0][crc & 255];
  return crc;
}

typedef const uint32_t (*Advance)[256];

static inline uint32_t advanced(Advance table, uint32_t crc) {
  return table[0][crc & 255] ^ table[1][crc >> 8 & 255] ^ table[2][crc >> 16 & 255] ^ table[3][crc >> 24];
}

/* bits on their way out; the least significant first */

typedef struct {
  uint8_t *at;
  uint64_t bits;
  uint32_t count;
} Out;

static inline void put(Out *out, uint64_t bits, uint32_t count) {
  out->bits |= bits << out->count;
  out->count += count;
  store64(out->at, out->bits);
  out->at += out->count >> 3;
  out->bits >>= out->count & ~7u;
  out->count &= 7;
}

static inline void put_literals(Out *out, const uint8_t *text, size_t size) {
  for (; size; text++, size--) put(out, literal[*text].bits, literal[*text].count);
}

/* code and extra bits of a distance */
static inline Code code_of_distance(uint32_t far) {
  unsigned symbol = far <= 256 ? near_symbol[far - 1] : far_symbol[(far - 1) >> 7];
  Code code = distance[symbol];
  code.bits |= (far - distance_base[symbol]) << code.count;
  code.count = (uint8_t)(code.count + distance_extra[symbol]);
  return code;
}

/* how much of a match goes at once: nothing shorter than the shortest may be left */
static inline uint32_t part_of(uint32_t length) {
  if (length <= LONGEST) return length;
  return length - LONGEST < SHORTEST ? length - SHORTEST : LONGEST;
}

static void put_match(Out *out, uint32_t length, uint32_t far) {
  Code code = code_of_distance(far);
  while (length) {
    uint32_t part = part_of(length);
    put(out, length_of[part].bits, length_of[part].count);
    put(out, code.bits, code.count);
    length -= part;
  }
}

/* the state of a stream */

/* text [t, end) of the window stands at `at` in the stream */
typedef struct {
  uint32_t t, end;
  uint64_t at;
} Region;

typedef struct {
  uint64_t bits, size;
  uint32_t count, crc;
  /* of the window: how far it is filled, coded, and found by its hashes */
  uint32_t t, coded, hashed;
  uint32_t regions, tables;
  /* of the last long match: how far its places are apart in the window, and in which region the earlier is */
  uint32_t apart;
  uint16_t along;
  Region region[REGIONS];
  /* where in the window four bytes stood last, and in which region; place 0: nowhere */
  uint32_t place[1 << HASH_BITS];
  uint16_t within[1 << HASH_BITS];
  /* what so many zero bytes make of a register: 0, or which table says it */
  uint8_t table_of[ADVANCED];
  uint32_t table[TABLES][4][256];
  uint8_t window[WINDOW + 8];
} State;

static Out opened(const State *state, uint8_t *to) {
  Out out = {to, state->bits, state->count};
  return out;
}

static int64_t closed(State *state, const Out *out, const uint8_t *from) {
  state->bits = out->bits;
  state->count = out->count;
  return out->at - from;
}

/* NULL where there is no room for one more */
static Advance table_for(State *state, uint32_t zeros) {
  if (zeros >= ADVANCED) return NULL;
  if (!state->table_of[zeros]) {
    if (state->tables == TABLES) return NULL;
    uint32_t(*table)[256] = state->table[state->tables];
    /* the highest bit of the register stands for 1, each further one for the next power of x */
    uint32_t power = passed(0x80000000u, zeros);
    for (int row = 3; row >= 0; row--)
      for (uint32_t bit = 128; bit; bit >>= 1) {
        table[row][bit] = power;
        power = power >> 1 ^ (power & 1 ? POLYNOMIAL : 0);
      }
    for (int row = 0; row < 4; row++) {
      table[row][0] = 0;
      for (uint32_t byte = 1; byte < 256; byte++) table[row][byte] = table[row][byte & (byte - 1)] ^ table[row][byte & (0 - byte)];
    }
    state->table_of[zeros] = (uint8_t)++state->tables;
  }
  return (Advance)state->table[state->table_of[zeros] - 1];
}

/* text */

static inline uint32_t hash_of(const uint8_t *text) { return load32(text) * 2654435761u >> (32 - HASH_BITS); }

/* let the text of the last region before `until` be found, at each fourth byte */
static inline void index_up_to(State *state, uint32_t until) {
  uint32_t at = state->hashed;
  for (; at < until; at += 4) {
    uint32_t hash = hash_of(state->window + at);
    state->place[hash] = at;
    state->within[hash] = (uint16_t)(state->regions - 1);
  }
  state->hashed = at;
}

/* whether a short match takes fewer bits than its literals */
static inline int worth(const uint8_t *text, uint32_t length, uint32_t far) {
  if (length < SHORTEST) return 0;
  if (length >= 16) return 1;
  uint32_t bits = 0;
  for (uint32_t place = 0; place < length; place++) bits += literal[text[place]].count;
  return length_of[length].count + (uint32_t)code_of_distance(far).count < bits;
}

/* a stretch that is the same at two places of the window: from `at` and from `there` on */
typedef struct {
  uint32_t at, there, length, far;
  uint16_t region;
} Match;

/* how far two places have the same text, in both directions; length 0: they are too far apart */
static inline Match extended(const State *state, uint32_t at, uint32_t there, uint16_t region, uint32_t waiting) {
  const uint8_t *window = state->window;
  const Region *mine = &state->region[state->regions - 1], *its = &state->region[region];
  uint64_t far = mine->at + (at - mine->t) - (its->at + (there - its->t));
  uint32_t most = its->end - there < state->t - at ? its->end - there : state->t - at, length = 0, before = 0;
  Match match = {at, there, 0, (uint32_t)far, region};
  if (far > FARTHEST) return match;
  while (length + 8 <= most && load64(window + there + length) == load64(window + at + length)) length += 8;
  while (length < most && window[there + length] == window[at + length]) length++;
  while (at - before > waiting && there - before > its->t && window[there - before - 1] == window[at - before - 1]) before++;
  match.at -= before;
  match.there -= before;
  match.length = length + before;
  return match;
}

/* Code the text that waits. First is tried whether it goes on as at the place of the last long match: an entry differs
 * from the one before in numbers mostly. Then the last place with the same four bytes. */
static void code_text(State *state, Out *out) {
  if (state->coded == state->t) return;
  const uint8_t *window = state->window;
  uint32_t at = state->coded, end = state->t, waiting = at;
  while (at + 4 <= end) {
    index_up_to(state, at);
    uint32_t four = load32(window + at), there = at - state->apart, hash = hash_of(window + at);
    Match match = {at, 0, 0, 0, 0};
    if (state->apart && there >= state->region[state->along].t && there + 4 <= state->region[state->along].end && load32(window + there) == four)
      match = extended(state, at, there, state->along, waiting);
    there = state->place[hash];
    if (match.length < 16 && there && load32(window + there) == four) {
      Match other = extended(state, at, there, state->within[hash], waiting);
      if (other.length > match.length + 1) match = other;
    }
    if (!match.length || !worth(window + match.at, match.length, match.far)) {
      at++;
      continue;
    }
    put_literals(out, window + waiting, match.at - waiting);
    put_match(out, match.length, match.far);
    at = waiting = match.at + match.length;
    if (match.length >= ALONG) {
      state->apart = match.at - match.there;
      state->along = match.region;
    }
  }
  put_literals(out, window + waiting, end - waiting);
  if (end >= 4) index_up_to(state, end - 3);
  state->coded = end;
}

/* keep of the window what can still be referred to */
static void slide(State *state) {
  uint64_t least = state->size > FARTHEST ? state->size - FARTHEST : 0;
  uint32_t first = 0, kept = 0;
  while (first < state->regions && state->region[first].at + (state->region[first].end - state->region[first].t) <= least) first++;
  if (state->regions - first > REGIONS / 2) first = state->regions - REGIONS / 2;
  if (first < state->regions && state->region[first].at < least) {
    state->region[first].t += (uint32_t)(least - state->region[first].at);
    state->region[first].at = least;
  }
  uint32_t from = (first < state->regions ? state->region[first].t : state->t) & ~3u;
  /* place 0 is nowhere */
  from = from > 4 ? from - 4 : 0;
  memmove(state->window, state->window + from, state->t - from);
  memset(state->place, 0, sizeof state->place);
  state->t -= from;
  state->coded -= from;
  state->hashed = 0;
  state->apart = 0;
  for (; first < state->regions; first++, kept++) {
    Region moved = state->region[first];
    moved.t -= from;
    moved.end -= from;
    state->region[kept] = moved;
    uint32_t until = moved.end < state->coded ? moved.end : state->coded;
    for (uint32_t at = (moved.t + 3) & ~3u; at + 4 <= until; at += 4) {
      uint32_t hash = hash_of(state->window + at);
      state->place[hash] = at;
      state->within[hash] = (uint16_t)kept;
      state->hashed = at + 4;
    }
  }
  state->regions = kept;
  if (kept && state->hashed < state->region[kept - 1].t) state->hashed = (state->region[kept - 1].t + 3) & ~3u;
}

/* make room for so much text, at most a slice, in a region that reaches up to here; what waits may have to be coded */
static uint8_t *room_for(State *state, Out *out, uint32_t size) {
  if (state->t - state->coded + size > SLICE) code_text(state, out);
  if (state->t + size > WINDOW || state->regions == REGIONS) slide(state);
  const Region *last = state->regions ? &state->region[state->regions - 1] : NULL;
  if (!last || last->at + (last->end - last->t) != state->size) {
    Region fresh = {state->t, state->t, state->size};
    state->region[state->regions++] = fresh;
    state->hashed = (state->t + 3) & ~3u;
  }
  return state->window + state->t;
}

/* the text that has been written there is part of the stream */
static void took(State *state, uint32_t size) {
  state->crc = summed(state->crc, state->window + state->t, size);
  state->t += size;
  state->size += size;
  state->region[state->regions - 1].end = state->t;
}

/* templates */

/* what stands between two values, held against what stands `back` values before */
typedef struct {
  /* all of its bits, by the digits of the value before it less one; more than WORD bits: there is no such word */
  uint64_t word[DIGITS];
  /* what it makes of a zero register, followed by so many zero bytes */
  uint32_t crc[DIGITS + 1];
  uint32_t at, size;
  /* a match from its start, literals, a match up to its end */
  uint32_t first, literals, last;
  /* distance of the first match without the digits of the values in between, and how much farther the last one is */
  uint32_t far;
  int32_t farther;
  uint8_t count[DIGITS];
  uint8_t back;
} Segment;

typedef struct {
  uint32_t magic, numbers;
  const uint8_t *text;
  /* around the slots of a head; behind the first value, and behind the last of several */
  uint32_t at[SLOTS + 1], size[SLOTS + 1];
  uint32_t second_at, second_size, tail_at, tail_size;
  /* bytes of the text, and those that its body takes at most when it is coded */
  uint32_t heading, bound;
  Segment segment[];
} Template;

static uint32_t match_bits(uint32_t length, uint32_t far) {
  Code code = code_of_distance(far);
  uint32_t bits = 0;
  for (uint32_t part; length; length -= part) {
    part = part_of(length);
    bits += length_of[part].count + code.count;
  }
  return bits;
}

static void put_segment(Out *out, const uint8_t *text, const Segment *segment, uint32_t digits) {
  text += segment->at;
  if (segment->first) put_match(out, segment->first, segment->far + digits);
  put_literals(out, text + segment->first, segment->literals);
  if (segment->last) put_match(out, segment->last, (uint32_t)((int32_t)(segment->far + digits) + segment->farther));
}

/* what of a segment can be copied from another one */
static void compare(Segment *segment, const uint8_t *text, uint32_t at, uint32_t size) {
  uint32_t least = segment->size < size ? segment->size : size, first = 0, last = 0;
  const uint8_t *mine = text + segment->at, *its = text + at;
  while (first < least && mine[first] == its[first]) first++;
  while (last < least - first && mine[segment->size - 1 - last] == its[size - 1 - last]) last++;
  first = first < 4 ? 0 : first;
  last = last < 4 ? 0 : last;
  segment->first = first;
  segment->last = last;
  segment->literals = segment->size - first - last;
  segment->farther = (int32_t)segment->size - (int32_t)size;
}

/* make a segment's bits */
static uint32_t settle(Segment *segment, const uint8_t *text) {
  const uint8_t *mine = text + segment->at;
  uint32_t worst = segment->literals * WORST;
  /* whatever the digits are: the longest code and the most extra bits of each part of a match */
  worst += (segment->first / (LONGEST - SHORTEST) + 1 + segment->last / (LONGEST - SHORTEST) + 1) * (WORST + 5 + WORST + 13);
  for (uint32_t digits = 1; digits <= DIGITS; digits++) {
    uint8_t to[64];
    uint32_t bits = 0;
    for (uint32_t place = 0; place < segment->literals && bits <= WORD; place++)
      bits += literal[mine[segment->first + place]].count;
    if (segment->back == 1) {
      if (segment->first) bits += match_bits(segment->first, segment->far + digits);
      if (segment->last) bits += match_bits(segment->last, (uint32_t)((int32_t)(segment->far + digits) + segment->farther));
    }
    segment->count[digits - 1] = (uint8_t)(bits > WORD ? 255 : bits);
    segment->word[digits - 1] = 0;
    if (segment->back > 1) segment->count[digits - 1] = 255;
    if (segment->count[digits - 1] > WORD) continue;
    memset(to, 0, sizeof to);
    Out out = {to, 0, 0};
    put_segment(&out, text, segment, digits);
    segment->word[digits - 1] = load64(to);
  }
  segment->crc[0] = summed(0, mine, segment->size);
  for (uint32_t digits = 1; digits <= DIGITS; digits++) segment->crc[digits] = passed(segment->crc[digits - 1], 1);
  return (worst + MOST_DIGITS * WORST) / 8 + 2;
}

/* the bytes that a template of so many numbers takes */
EXPORT size_t wattshare_template_size(size_t numbers) { return sizeof(Template) + numbers * sizeof(Segment); }

/* Make a template of a text with the slots %b, %b, %b, %b, %b, and then %d for each number. The text must stay where
 * it is. 0, or BAD_TEMPLATE: it is none that can be coded this way. */
EXPORT int64_t wattshare_template(const uint8_t *text, size_t size, size_t numbers, Template *made, size_t capacity) {
  if (size > TEXT_MOST || numbers > TEXT_MOST || capacity < wattshare_template_size(numbers)) return BAD_TEMPLATE;
  size_t slots = 0, from = 0;
  uint64_t bound = 0;
  memset(made, 0, capacity);
  made->text = text;
  made->numbers = (uint32_t)numbers;
  for (size_t at = 0; at <= size; at++) {
    if (at < size && text[at] != '%') continue;
    if (at < size && (slots >= SLOTS + numbers || at + 1 >= size || text[at + 1] != (slots < SLOTS ? 'b' : 'd'))) return BAD_TEMPLATE;
    uint32_t length = (uint32_t)(at - from);
    if (slots <= SLOTS) {
      made->at[slots] = (uint32_t)from;
      made->size[slots] = length;
      made->heading += length;
    } else if (slots == SLOTS + 1) {
      made->second_at = (uint32_t)from;
      made->second_size = length;
      made->heading += length;
    } else if (slots == SLOTS + numbers) {
      made->tail_at = (uint32_t)from;
      made->tail_size = length;
    } else {
      Segment *segment = &made->segment[slots - SLOTS];
      segment->at = (uint32_t)from;
      segment->size = length;
    }
    slots++;
    from = at + 2;
    at++;
  }
  if (slots != SLOTS + numbers + 1 || made->heading > HEAD_MOST || made->tail_size > HEAD_MOST) return BAD_TEMPLATE;
  if (numbers > 1) {
    made->segment[1].at = made->second_at;
    made->segment[1].size = made->second_size;
  }
  for (size_t place = 2; place < numbers; place++) {
    Segment *segment = &made->segment[place];
    const Segment *one = segment - 1, *two = place > 2 ? segment - 2 : NULL;
    segment->literals = segment->size;
    /* costs and values take turns */
    segment->back = two && one->size != segment->size && two->size == segment->size ? 2 : 1;
    segment->far = segment->back == 2 ? one->size + two->size : one->size;
    if ((uint64_t)segment->far + segment->size + 2 * MOST_DIGITS < FARTHEST) {
      const Segment *its = segment->back == 2 ? two : one;
      compare(segment, text, its->at, its->size);
    }
    bound += settle(segment, text);
    if (bound > BOUND_MOST) return BAD_TEMPLATE;
  }
  made->bound = (uint32_t)bound + 4 * MOST_DIGITS;
  made->magic = MAGIC;
  return 0;
}

/* names of blocks: UUIDs of version 5. RFC 3174, RFC 9562 5.5 */

static uint32_t turned(uint32_t word, unsigned by) { return word << by | word >> (32 - by); }

/* five steps, after which each name stands for itself again; the words of the schedule are made as they are needed */
#define WORD_OF(place)                                                                                               \
  ((place) < 16 ? word[place]                                                                                        \
                : (word[(place) & 15] = turned(word[((place) + 13) & 15] ^ word[((place) + 8) & 15] ^                \
                                                   word[((place) + 2) & 15] ^ word[(place) & 15], 1)))
#define STEP(a, b, c, d, e, mixed, constant, place)              \
  e += turned(a, 5) + (mixed(b, c, d)) + constant + WORD_OF(place); \
  b = turned(b, 30);
#define STEPS(mixed, constant, place)             \
  STEP(a, b, c, d, e, mixed, constant, place)     \
  STEP(e, a, b, c, d, mixed, constant, place + 1) \
  STEP(d, e, a, b, c, mixed, constant, place + 2) \
  STEP(c, d, e, a, b, mixed, constant, place + 3) \
  STEP(b, c, d, e, a, mixed, constant, place + 4)
#define ROUND(mixed, constant, place) \
  STEPS(mixed, constant, place) STEPS(mixed, constant, place + 5) STEPS(mixed, constant, place + 10) STEPS(mixed, constant, place + 15)
#define CHOICE(b, c, d) (d ^ (b & (c ^ d)))
#define PARITY(b, c, d) (b ^ c ^ d)
#define MAJORITY(b, c, d) ((b & c) | (d & (b | c)))

static void sha1(uint32_t *sum, const uint8_t *block) {
  uint32_t word[16], a = sum[0], b = sum[1], c = sum[2], d = sum[3], e = sum[4];
  for (int place = 0; place < 16; place++) word[place] = __builtin_bswap32(load32(block + 4 * place));
  ROUND(CHOICE, 0x5A827999u, 0)
  ROUND(PARITY, 0x6ED9EBA1u, 20)
  ROUND(MAJORITY, 0x8F1BBCDCu, 40)
  ROUND(PARITY, 0xCA62C1D6u, 60)
  sum[0] += a, sum[1] += b, sum[2] += c, sum[3] += d, sum[4] += e;
}

typedef struct {
  uint32_t sum[5];
  uint64_t size;
  uint8_t rest[64];
} Naming;

static void name_begin(Naming *naming, const uint8_t *text, size_t size) {
  static const uint32_t start[5] = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u};
  memcpy(naming->sum, start, sizeof start);
  naming->size = size;
  for (; size >= 64; text += 64, size -= 64) sha1(naming->sum, text);
  if (size) memcpy(naming->rest, text, size);
}

static void name_of(const Naming *naming, int64_t start, uint8_t *to) {
  static const char hex[] = "0123456789abcdef";
  uint8_t block[128] = {0}, bytes[16];
  uint32_t sum[5];
  size_t size = naming->size % 64;
  memcpy(sum, naming->sum, sizeof sum);
  memcpy(block, naming->rest, size);
  block[size++] = '/';
  size += written(start, block + size);
  uint64_t bits = (naming->size - naming->size % 64 + size) * 8;
  block[size] = 0x80;
  size_t end = size < 56 ? 64 : 128;
  for (int place = 0; place < 8; place++) block[end - 1 - place] = (uint8_t)(bits >> 8 * place);
  for (size_t at = 0; at < end; at += 64) sha1(sum, block + at);
  for (int place = 0; place < 16; place++) bytes[place] = (uint8_t)(sum[place / 4] >> (24 - 8 * (place % 4)));
  bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x50);
  bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80);
  for (int place = 0; place < 16; place++) {
    if (place == 4 || place == 6 || place == 8 || place == 10) *to++ = '-';
    *to++ = (uint8_t)hex[bytes[place] >> 4];
    *to++ = (uint8_t)hex[bytes[place] & 15];
  }
}

/* days */

/* as the caller has it, one after the other; published, updated and values stand in its bytes in this order */
typedef struct {
  int64_t template, start, width, values, published, updated;
} Day;

typedef struct {
  const uint8_t *href;
  size_t href_size;
  Naming naming;
} Where;

static inline uint8_t *copied(uint8_t *to, const void *from, size_t size) {
  memcpy(to, from, size);
  return to + size;
}

/* bytes of the text before a body, at most */
static uint64_t head_size(const Template *template, const Where *where, const Day *day) {
  return (uint64_t)template->heading + UUID + 2 * where->href_size + (uint64_t)day->published + (uint64_t)day->updated +
         MOST_DIGITS;
}

static void put_head(State *state, Out *out, const Template *template, const Where *where, const Day *day, const uint8_t *bytes) {
  uint8_t *from = room_for(state, out, (uint32_t)head_size(template, where, day)), *to = from;
  const uint8_t *text = template->text;
  to = copied(to, text + template->at[0], template->size[0]);
  name_of(&where->naming, day->start, to);
  to += UUID;
  to = copied(to, text + template->at[1], template->size[1]);
  to = copied(to, where->href, where->href_size);
  to = copied(to, text + template->at[2], template->size[2]);
  to = copied(to, where->href, where->href_size);
  to = copied(to, text + template->at[3], template->size[3]);
  to = copied(to, bytes, (size_t)day->published);
  to = copied(to, text + template->at[4], template->size[4]);
  to = copied(to, bytes + day->published, (size_t)day->updated);
  to = copied(to, text + template->at[5], template->size[5]);
  if (template->numbers) {
    to += written(value_at(bytes + day->published + day->updated, 0, (unsigned)day->width), to);
    to = copied(to, text + template->second_at, template->second_size);
  }
  took(state, (uint32_t)(to - from));
}

/* a value's digits; how many. Its register is what it makes of zero */
static inline uint32_t put_value(Out *out, int64_t value, uint32_t *crc, uint8_t *digits) {
  if ((uint64_t)value < 10000) {
    const Number *one = &number[value];
    put(out, one->bits, one->count);
    *crc = one->crc;
    return one->digits;
  }
  if ((uint64_t)value < 100000) {
    const Number *high = &number[value / 10000], *low = &padded[value % 10000];
    put(out, high->bits | (uint64_t)low->bits << high->count, (uint32_t)high->count + low->count);
    *crc = looked_up(high->crc, 3) ^ low->crc;
    return DIGITS;
  }
  uint32_t count = written(value, digits);
  Out slow = *out;
  put_literals(&slow, digits, count);
  *out = slow;
  return count;
}

/* the readings behind the first two segments, up to the last value */
static void put_body(State *state, Out *given, const Template *template, const uint8_t *values, unsigned width) {
  Out out = *given;
  const uint8_t *text = template->text;
  uint8_t digits[MOST_DIGITS];
  uint32_t sum = 0, crc = state->crc, size_of_tables = 0;
  uint64_t size = state->size;
  Advance table[DIGITS + 1] = {NULL};
  uint32_t before = 0, count;
  int64_t value = value_at(values, 1, width);
  count = put_value(&out, value, &sum, digits);
  crc = summed(crc, digits, written(value, digits));
  size += count;
  for (uint32_t place = 2; place < template->numbers; place++) {
    const Segment *segment = &template->segment[place];
    if (segment->back == 1 && count <= DIGITS && segment->count[count - 1] <= WORD)
      put(&out, segment->word[count - 1], segment->count[count - 1]);
    else {
      /* a copy, so that the other one stays in registers */
      Out slow = out;
      put_segment(&slow, text, segment, segment->back == 2 ? count + before : count);
      out = slow;
    }
    before = count;
    value = value_at(values, place, width);
    count = put_value(&out, value, &sum, digits);
    size += segment->size + count;
    if (segment->size != size_of_tables) {
      memset(table, 0, sizeof table);
      size_of_tables = segment->size;
    }
    if (count <= DIGITS && (uint64_t)value < 100000) {
      if (!table[count]) table[count] = table_for(state, segment->size + count);
      if (table[count]) {
        crc = advanced(table[count], crc) ^ segment->crc[count] ^ sum;
        continue;
      }
    }
    crc = summed(crc, text + segment->at, segment->size);
    crc = summed(crc, digits, written(value, digits));
  }
  state->crc = crc;
  state->size = size;
  *given = out;
}

static void put_day(State *state, Out *out, const Template *template, const Where *where, const Day *day, const uint8_t *bytes) {
  put_head(state, out, template, where, day, bytes);
  if (template->numbers < 2) return;
  code_text(state, out);
  put_body(state, out, template, bytes + day->published + day->updated, (unsigned)day->width);
  uint8_t *to = room_for(state, out, template->tail_size);
  memcpy(to, template->text + template->tail_at, template->tail_size);
  took(state, template->tail_size);
}

/* whether a day says of itself what is so */
static int fits(const Template *template, const Where *where, const Day *day, size_t left) {
  if (!template || template->magic != MAGIC) return 0;
  if (day->width != 1 && day->width != 2 && day->width != 4 && day->width != 8) return 0;
  if (day->published < 0 || day->updated < 0 || day->values < 0 || day->start < 0) return 0;
  if (day->published > 64 || day->updated > 64 || where->href_size > HEAD_MOST / 8) return 0;
  if ((uint64_t)day->values != (uint64_t)template->numbers * (uint64_t)day->width) return 0;
  return (uint64_t)(day->published + day->updated) + (uint64_t)day->values <= left;
}

/* what the caller calls */

EXPORT uint32_t wattshare_abi(void) { return ABI; }

EXPORT uint32_t wattshare_form(void) { return FORM; }

EXPORT size_t wattshare_state_size(void) { return sizeof(State); }

/* Begin, in memory with whatever in it. Bytes that are written. */
EXPORT int64_t wattshare_begin(State *state, uint8_t *to, size_t capacity) {
  if (capacity < sizeof OPENING + 8) return 0;
  state->crc = 0xFFFFFFFFu;
  state->size = state->regions = state->tables = state->apart = 0;
  memset(state->place, 0, sizeof state->place);
  memset(state->table_of, 0, sizeof state->table_of);
  state->t = state->coded = state->hashed = 4;
  Out out = {to, 0, 0};
  uint32_t left = OPENING_BITS;
  for (size_t at = 0; left; at++) {
    uint32_t some = left < 8 ? left : 8;
    put(&out, OPENING[at], some);
    left -= some;
  }
  return closed(state, &out, to);
}

/* Take text. Bytes that are written; `taken` says how much of it was: the rest is to come again, with more room. */
EXPORT int64_t wattshare_text(State *state, const uint8_t *text, size_t size, size_t *taken, uint8_t *to, size_t capacity) {
  Out out = opened(state, to);
  size_t at = 0;
  while (at < size) {
    uint32_t some = size - at < SLICE / 2 ? (uint32_t)(size - at) : SLICE / 2;
    if ((uint64_t)(out.at - to) + (uint64_t)(state->t - state->coded) * 2 + 64 > capacity) break;
    memcpy(room_for(state, &out, some), text + at, some);
    took(state, some);
    at += some;
  }
  *taken = at;
  return closed(state, &out, to);
}

/* Take days of one channel from `first` on. As `text`; BAD_DAY: one of them is not what it says. */
EXPORT int64_t wattshare_days(State *state, const uint8_t *hashed, size_t hashed_size, const uint8_t *href, size_t href_size,
                              const Day *days, size_t count, size_t first, const uint8_t *bytes, size_t size, size_t *taken,
                              uint8_t *to, size_t capacity) {
  Where where = {href, href_size, {{0}, 0, {0}}};
  Out out = opened(state, to);
  size_t at = 0, day = 0;
  name_begin(&where.naming, hashed, hashed_size);
  for (; day < count; day++) {
    const Template *template = (const Template *)(uintptr_t)days[day].template;
    if (!fits(template, &where, &days[day], size - at)) {
      *taken = day;
      return BAD_DAY;
    }
    size_t its = (size_t)(days[day].published + days[day].updated + days[day].values);
    if (day >= first) {
      uint64_t text = state->t - state->coded + head_size(template, &where, &days[day]) + template->tail_size;
      if ((uint64_t)(out.at - to) + text * 2 + template->bound + 64 > capacity) break;
      put_day(state, &out, template, &where, &days[day], bytes + at);
    }
    at += its;
  }
  *taken = day;
  return closed(state, &out, to);
}

/* End the stream. Bytes that are written, or 0: there is not enough room. */
EXPORT int64_t wattshare_finish(State *state, uint8_t *to, size_t capacity) {
  if ((uint64_t)(state->t - state->coded) * 2 + 64 > capacity) return 0;
  Out out = opened(state, to);
  code_text(state, &out);
  put(&out, literal[END].bits, literal[END].count);
  put(&out, 0, (8 - out.count) & 7);
  return closed(state, &out, to);
}

/* of all that has been taken: as RFC 1952 has it */
EXPORT uint32_t wattshare_crc(const State *state) { return ~state->crc; }

EXPORT uint64_t wattshare_taken(const State *state) { return state->size; }
