#include "registry.h"

#include <QCoreApplication>
#include <QStringList>
#include <QTest>

std::vector<MakeTest>& registeredTests() {
    static std::vector<MakeTest> tests;
    return tests;
}

QString testOption(const QString& name) {
    const QString start = QStringLiteral("--%1=").arg(name);
    for (const QString& argument : QCoreApplication::arguments()) {
        if (argument.startsWith(start))
            return argument.sliced(start.size());
    }
    return {};
}

/// Runs every registered class, or only the ones whose names come first on the command line;
/// options that begin with "--" are for the tests themselves; the other arguments go to Qt Test.
int main(int argc, char** argv) {
    const QCoreApplication application(argc, argv);
    QStringList arguments = QCoreApplication::arguments();
    arguments.removeIf([](const QString& argument) { return argument.startsWith(u"--"); });
    int failed = 0;
    QStringList only;
    while (arguments.size() > 1 && arguments.at(1).front().isUpper())
        only.append(arguments.takeAt(1));
    for (const MakeTest make : registeredTests()) {
        const std::unique_ptr<QObject> test = make();
        const QString name = QString::fromLatin1(test->metaObject()->className());
        if (only.isEmpty() || only.contains(name.section(QStringLiteral("::"), -1)))
            failed += QTest::qExec(test.get(), arguments);
    }
    return failed == 0 ? 0 : 1;
}
