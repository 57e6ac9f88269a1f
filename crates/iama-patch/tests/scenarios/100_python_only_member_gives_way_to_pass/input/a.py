class C(object):
    def m(self):
        return 1
