/* The state of a stream, and text: what of it went by before is referred to. */

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
  uint32_t along;
  Region region[REGIONS];
  /* where in the window four bytes stood last, and above PLACE_BITS in which region; 0: nowhere */
  uint32_t place[1 << HASH_BITS];
  /* what so many zero bytes make of a register: 0, or which table says it */
  uint8_t table_of[ADVANCED];
  uint32_t table[TABLES][4][256];
  /* those of the last template's segments, by kind: with so many digits behind them; where there are not all, none */
  uint32_t kinds, kind[KINDS];
  Advance ready[KINDS][FAST + 1];
  uint8_t some[KINDS];
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
    uint32_t (*table)[256] = state->table[state->tables];
    /* the highest bit of the register stands for 1, each further one for the next power of x */
    uint32_t power = passed(0x80000000u, zeros);
    for (int row = 3; row >= 0; row--)
      for (uint32_t bit = 128; bit; bit >>= 1) {
        table[row][bit] = power;
        power = power >> 1 ^ (power & 1 ? POLYNOMIAL : 0);
      }
    for (int row = 0; row < 4; row++) {
      table[row][0] = 0;
      for (uint32_t byte = 1; byte < 256; byte++)
        table[row][byte] = table[row][byte & (byte - 1)] ^ table[row][byte & (0 - byte)];
    }
    state->table_of[zeros] = (uint8_t)++state->tables;
  }
  return (Advance)state->table[state->table_of[zeros] - 1];
}

static inline uint32_t hash_of(const uint8_t *text) { return load32(text) * 2654435761u >> (32 - HASH_BITS); }

/* let the text of the last region from `at` to `until` be found, at every so many bytes; where to go on */
static inline uint32_t indexed(State *state, uint32_t at, uint32_t until, uint32_t step) {
  uint32_t region = (state->regions - 1) << PLACE_BITS;
  for (; at < until; at += step) state->place[hash_of(state->window + at)] = at | region;
  return at;
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
  uint32_t at, there, length, far, region;
} Match;

/* how far two places have the same text, in both directions; length 0: they are too far apart */
static inline Match extended(const State *state, uint32_t at, uint32_t there, uint32_t region, uint32_t waiting) {
  const uint8_t *window = state->window;
  const Region *mine = &state->region[state->regions - 1], *its = &state->region[region];
  uint64_t far = mine->at + (at - mine->t) - (its->at + (there - its->t));
  uint32_t most = its->end - there < state->t - at ? its->end - there : state->t - at, length = 0, before = 0;
  Match match = {at, there, 0, (uint32_t)far, region};
  if (far > FARTHEST) return match;
  /* the window has eight bytes more than it holds */
  while (length < most) {
    uint64_t unlike = load64(window + there + length) ^ load64(window + at + length);
    if (unlike) {
      length += (uint32_t)__builtin_ctzll(unlike) >> 3;
      break;
    }
    length += 8;
  }
  if (length > most) length = most;
  while (at - before > waiting && there - before > its->t && window[there - before - 1] == window[at - before - 1])
    before++;
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
  const Region *along = &state->region[state->along];
  uint32_t at = state->coded, end = state->t, waiting = at, hashed = state->hashed;
  while (at + 4 <= end) {
    hashed = indexed(state, hashed, at, 4);
    uint32_t four = load32(window + at), there = at - state->apart, region = state->along;
    Match match = {at, 0, 0, 0, 0};
    if (state->apart && there - along->t < along->end - along->t && load32(window + there) == four)
      match = extended(state, at, there, region, waiting);
    if (match.length < ALONG) {
      uint32_t found = state->place[hash_of(window + at)];
      there = found & ((1u << PLACE_BITS) - 1);
      if (there && load32(window + there) == four) {
        region = found >> PLACE_BITS;
        Match other = extended(state, at, there, region, waiting);
        if (other.length > match.length + 1) match = other;
      }
    }
    if (!match.length || !worth(window + match.at, match.length, match.far)) {
      at++;
      continue;
    }
    put_literals(out, window + waiting, match.at - waiting);
    put_match(out, match.length, match.far);
    at = waiting = match.at + match.length;
    if (match.length >= ALONG) {
      /* what is the same as before is found there as well */
      if (at > hashed + 2 * APART && at + 4 <= end) hashed = indexed(state, hashed, at - APART, APART);
      state->apart = match.at - match.there;
      state->along = match.region;
      along = &state->region[match.region];
    }
  }
  put_literals(out, window + waiting, end - waiting);
  state->hashed = indexed(state, hashed, end - 3, 4);
  state->coded = end;
}

/* keep of the window what can still be referred to */
static void slide(State *state) {
  uint64_t least = state->size > FARTHEST ? state->size - FARTHEST : 0;
  uint32_t first = 0, kept = 0;
  while (first < state->regions &&
         state->region[first].at + (state->region[first].end - state->region[first].t) <= least)
    first++;
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
      state->place[hash_of(state->window + at)] = at | kept << PLACE_BITS;
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
    /* what comes between two bodies mostly begins as it did the last time */
    if (last) {
      state->apart = state->t - last->t;
      state->along = state->regions - 1;
    }
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
