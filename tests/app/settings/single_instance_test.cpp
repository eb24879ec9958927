#include "settings/single_instance.h"

#include "registry.h"
#include "settings/profile.h"

#include <QDir>
#include <QFutureWatcher>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QtConcurrentRun>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary::app;

class SingleInstanceTest : public QObject {
    Q_OBJECT

private slots:
    void theSecondHandsItsArgumentsToTheFirst() {
        const QTemporaryDir folder;
        const Profile profile = profileAt(folder.path());
        SingleInstance first(profile);
        QCOMPARE(first.begin({}), SingleInstance::Role::First);
        QSignalSpy received(&first, &SingleInstance::argumentsReceived);
        const QStringList arguments = {u"lapidary"_s, u"größe.png"_s, u"--model"_s, u"/m"_s};
        // On another thread, because it waits for the answer of this one.
        const QFuture<SingleInstance::Role> second = QtConcurrent::run([&] {
            SingleInstance instance(profile);
            return instance.begin(arguments);
        });
        QTRY_COMPARE(received.count(), 1);
        QCOMPARE(received.first().at(0).toString(), QDir::currentPath());
        QCOMPARE(received.first().at(1).toStringList(), arguments);
        QTRY_VERIFY(second.isFinished());
        QCOMPARE(second.result(), SingleInstance::Role::Second);
    }

    void anotherProfileIsAnotherProgram() {
        const QTemporaryDir one;
        const QTemporaryDir other;
        SingleInstance first(profileAt(one.path()));
        SingleInstance second(profileAt(other.path()));
        QCOMPARE(first.begin({}), SingleInstance::Role::First);
        QCOMPARE(second.begin({}), SingleInstance::Role::First);
    }

    void theProfileIsFreeAgainAfterTheEnd() {
        const QTemporaryDir folder;
        {
            SingleInstance first(profileAt(folder.path()));
            QCOMPARE(first.begin({}), SingleInstance::Role::First);
        }
        SingleInstance next(profileAt(folder.path()));
        QCOMPARE(next.begin({}), SingleInstance::Role::First);
    }

    void aProgramThatDoesNotAnswerIsSaid() {
        const QTemporaryDir folder;
        const Profile profile = profileAt(folder.path());
        QLockFile lock(profile.lockFile); // held, and nobody listens
        QVERIFY(lock.tryLock());
        SingleInstance second(profile);
        QCOMPARE(second.begin({}), SingleInstance::Role::Refused);
    }
};

const Registered<SingleInstanceTest> registered;

} // namespace

#include "single_instance_test.moc"
