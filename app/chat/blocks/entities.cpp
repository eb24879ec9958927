#include "entities.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace lapidary::app {

namespace {

struct Entity {
    std::u16string_view name;
    char16_t character;
};

// Sorted by name (code units), so that a binary search finds them.
constexpr auto kEntities = std::to_array<Entity>({
    {u"Alpha", 0x391},   {u"Beta", 0x392},    {u"Delta", 0x394},   {u"Gamma", 0x393},
    {u"Lambda", 0x39B},  {u"Omega", 0x3A9},   {u"Phi", 0x3A6},     {u"Pi", 0x3A0},
    {u"Psi", 0x3A8},     {u"Sigma", 0x3A3},   {u"Theta", 0x398},   {u"alpha", 0x3B1},
    {u"amp", u'&'},      {u"apos", u'\''},    {u"asymp", 0x2248},  {u"beta", 0x3B2},
    {u"bull", 0x2022},   {u"cent", 0xA2},     {u"chi", 0x3C7},     {u"copy", 0xA9},
    {u"dagger", 0x2020}, {u"darr", 0x2193},   {u"deg", 0xB0},      {u"delta", 0x3B4},
    {u"divide", 0xF7},   {u"emsp", 0x2003},   {u"ensp", 0x2002},   {u"epsilon", 0x3B5},
    {u"equiv", 0x2261},  {u"eta", 0x3B7},     {u"euro", 0x20AC},   {u"frac12", 0xBD},
    {u"frac14", 0xBC},   {u"gamma", 0x3B3},   {u"ge", 0x2265},     {u"gt", u'>'},
    {u"harr", 0x2194},   {u"hearts", 0x2665}, {u"hellip", 0x2026}, {u"infin", 0x221E},
    {u"int", 0x222B},    {u"lambda", 0x3BB},  {u"laquo", 0xAB},    {u"larr", 0x2190},
    {u"ldquo", 0x201C},  {u"le", 0x2264},     {u"lsquo", 0x2018},  {u"lt", u'<'},
    {u"mdash", 0x2014},  {u"micro", 0xB5},    {u"middot", 0xB7},   {u"minus", 0x2212},
    {u"mu", 0x3BC},      {u"nbsp", 0xA0},     {u"ndash", 0x2013},  {u"ne", 0x2260},
    {u"omega", 0x3C9},   {u"para", 0xB6},     {u"part", 0x2202},   {u"phi", 0x3C6},
    {u"pi", 0x3C0},      {u"plusmn", 0xB1},   {u"pound", 0xA3},    {u"prod", 0x220F},
    {u"psi", 0x3C8},     {u"quot", u'"'},     {u"raquo", 0xBB},    {u"rarr", 0x2192},
    {u"rdquo", 0x201D},  {u"reg", 0xAE},      {u"rho", 0x3C1},     {u"rsquo", 0x2019},
    {u"sect", 0xA7},     {u"shy", 0xAD},      {u"sigma", 0x3C3},   {u"sum", 0x2211},
    {u"sup2", 0xB2},     {u"sup3", 0xB3},     {u"szlig", 0xDF},    {u"tau", 0x3C4},
    {u"theta", 0x3B8},   {u"times", 0xD7},    {u"trade", 0x2122},  {u"uarr", 0x2191},
    {u"yen", 0xA5},
});

} // namespace

QString decodeEntity(QStringView entity) {
    if (entity.size() < 3 || entity.front() != u'&' || entity.back() != u';')
        return entity.toString();
    const QStringView name = entity.sliced(1, entity.size() - 2);
    if (name.front() == u'#') {
        const bool hex = name.size() > 2 && (name[1] == u'x' || name[1] == u'X');
        bool ok = false;
        const uint code = hex ? name.sliced(2).toUInt(&ok, 16) : name.sliced(1).toUInt(&ok, 10);
        const bool valid = ok && code > 0 && code <= 0x10FFFF && !QChar::isSurrogate(code);
        return valid ? QString(QStringView(QChar::fromUcs4(code)))
                     : QString(QChar::ReplacementCharacter);
    }
    const std::u16string_view key(name.utf16(), static_cast<std::size_t>(name.size()));
    const auto* const found = std::ranges::lower_bound(kEntities, key, {}, &Entity::name);
    if (found != kEntities.end() && found->name == key)
        return {QChar(found->character)};
    return entity.toString();
}

} // namespace lapidary::app
