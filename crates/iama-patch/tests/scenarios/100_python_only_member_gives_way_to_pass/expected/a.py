class C(object):
    pass
