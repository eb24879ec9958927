#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/help.h"
#include "registry.h"

#include <QStringList>
#include <QTest>

#include <array>

using namespace lapidary;
using namespace lapidary::cli;

namespace {

constexpr std::array kOptions = {
    Option{.name = "--json", .value = "", .help = "for programs"},
    Option{.name = "--image", .value = "FILE", .help = "a picture"},
    Option{.name = "--threads", .value = "N", .help = "threads"},
};

Expected<Arguments> parse(std::initializer_list<std::string_view> arguments) {
    return Arguments::parse(kOptions, std::vector(arguments));
}

} // namespace

class ArgumentsTest : public QObject {
    Q_OBJECT

private slots:
    void readsOptionsAndOperandsInAnyOrder();
    void refusesWithASentence_data();
    void refusesWithASentence();
    void numbersHaveRanges();
    void helpNamesEveryCommandAndOption();
};

void ArgumentsTest::readsOptionsAndOperandsInAnyOrder() {
    const auto arguments =
        parse({"--image", "a.png", "one", "--json", "--image=b=c.png", "-", "--", "--json", "two"});
    QVERIFY(arguments);
    QVERIFY(arguments->has("--json"));
    QVERIFY(!arguments->has("--threads"));
    QCOMPARE(arguments->values("--image"), (std::vector<std::string>{"a.png", "b=c.png"}));
    QCOMPARE(arguments->value("--image"), "b=c.png");
    QCOMPARE(arguments->operands(), (std::vector<std::string>{"one", "-", "--json", "two"}));
}

void ArgumentsTest::refusesWithASentence_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("sentence");
    QTest::newRow("unknown") << QStringList{"--jsn"}
                             << "--jsn is no option of this command; --help lists them.";
    QTest::newRow("short") << QStringList{"-j"}
                           << "-j is no option of this command; --help lists them.";
    QTest::newRow("no value") << QStringList{"--image"} << "--image needs a value: --image FILE.";
    QTest::newRow("switch with value") << QStringList{"--json=1"} << "--json takes no value.";
}

void ArgumentsTest::refusesWithASentence() {
    QFETCH(QStringList, arguments);
    const std::string argument = arguments.front().toStdString();
    const auto parsed = parse({argument});
    QVERIFY(!parsed);
    QTEST(QString::fromStdString(parsed.error().sentence), "sentence");
}

void ArgumentsTest::numbersHaveRanges() {
    QCOMPARE(*parse({})->integer("--threads", 3, 1, 8), 3);
    QCOMPARE(*parse({"--threads", "8"})->integer("--threads", 3, 1, 8), 8);
    for (const char* text : {"9", "0", "x", "", "1x", "99999999999999999999", "1.5"}) {
        const auto number = parse({"--threads", text})->integer("--threads", 3, 1, 8);
        QVERIFY2(!number, text);
        QCOMPARE(number.error().sentence,
                 std::string("--threads takes a number from 1 to 8, not \"") + text + "\".");
    }
    QCOMPARE(*parse({"--threads", "0.5"})->number("--threads", 1, 0, 2), 0.5);
    QVERIFY(!parse({"--threads", "nan"})->number("--threads", 1, 0, 2));
}

void ArgumentsTest::helpNamesEveryCommandAndOption() {
    const QString program = QString::fromStdString(programHelp());
    for (const Command* const command : commands()) {
        QVERIFY(program.contains(QString::fromUtf8(command->name)));
        const QString help = QString::fromStdString(commandHelp(*command));
        for (const Option& option : command->options) {
            QVERIFY(help.contains(QString::fromUtf8(option.name)));
            QVERIFY(!option.help.empty());
        }
    }
}

static const Registered<ArgumentsTest> registered;

#include "arguments_test.moc"
