/* Codes of symbols and numbers, made once when the library is loaded; and bytes of any machine. */

typedef struct {
  uint32_t bits;
  uint8_t count;
} Code;

/* digits of a small number: their bits, how many bits and digits there are, and what they make of a zero sum */
typedef struct {
  uint32_t bits;
  uint32_t crc;
  uint8_t count;
  uint8_t digits;
} Number;

static Code literal[LITERALS], length_of[LONGEST + 1], distance[DISTANCES];
static uint16_t distance_base[DISTANCES];
static uint8_t distance_extra[DISTANCES], near_symbol[256], far_symbol[256];
static Number number[NUMBERS];
/* the same with zeros behind them; of these the bits are not there */
static Number round_number[NUMBERS];
static Code zeros;
static uint32_t crc_table[16][256];
#if X86
static int carryless, shifting;
#endif

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
      if (one <= 256)
        near_symbol[one - 1] = (uint8_t)symbol;
      else
        far_symbol[(one - 1) >> 7] = (uint8_t)symbol;
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

/* each has one digit more than a tenth of it */
static void prepare_numbers(void) {
  for (uint32_t value = 0; value < NUMBERS; value++) {
    static const Number none = {0, 0, 0, 0};
    const Number *tenth = value > 9 ? &number[value / 10] : &none;
    Code digit = literal['0' + value % 10];
    number[value].bits = tenth->bits | digit.bits << tenth->count;
    number[value].count = (uint8_t)(tenth->count + digit.count);
    number[value].digits = (uint8_t)(tenth->digits + 1);
    number[value].crc = tenth->crc >> 8 ^ crc_table[0][(tenth->crc ^ ('0' + value % 10)) & 255];
    round_number[value] = number[value];
    for (uint32_t place = 0; place < ZEROS; place++) {
      uint32_t crc = round_number[value].crc;
      round_number[value].digits++;
      round_number[value].crc = crc >> 8 ^ crc_table[0][(crc ^ '0') & 255];
    }
  }
  for (uint32_t place = 0; place < ZEROS; place++) {
    zeros.bits |= literal['0'].bits << zeros.count;
    zeros.count = (uint8_t)(zeros.count + literal['0'].count);
  }
}

__attribute__((constructor)) static void prepare(void) {
  codes(LITERAL_LENGTHS, LITERALS, literal);
  codes(DISTANCE_LENGTHS, DISTANCES, distance);
  prepare_lengths();
  prepare_distances();
  prepare_sums();
  prepare_numbers();
#if X86
  __builtin_cpu_init();
  carryless = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  shifting = __builtin_cpu_supports("bmi2");
#endif
}

/* bytes of any machine */

static inline uint16_t load16(const uint8_t *from) {
  uint16_t value;
  memcpy(&value, from, 2);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap16(value);
#endif
  return value;
}

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
    case 1:
      return (int8_t)values[place];
    case 2:
      return (int16_t)load16(values + 2 * place);
    case 4:
      return (int32_t)load32(values + 4 * place);
    default:
      return (int64_t)load64(values + 8 * place);
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
