import sys; sys.path.insert(0,'/work/main')
import pathlib
from tests.distributor.delivery.gallery import written_mails
def test_x(app):
    out = pathlib.Path('/tmp/w/mails'); out.mkdir(exist_ok=True)
    for (e,s),m in written_mails().items():
        (out/f'{e}-{s}.html').write_text(m.html); (out/f'{e}-{s}.txt').write_text('Subject: '+m.subject+'\n\n'+m.text)
    from distributor.usage_reports.notifications import AUDIENCES
    print({e for e,_ in written_mails.__globals__ and []})
